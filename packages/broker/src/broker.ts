/**
 * A running broker: its parts, put together, started and stopped in order.
 *
 *   start: data directory locked and recovered → metadata replayed → groups loading → listeners opened → registered
 *   stop:  listeners closed, what waits is answered, requests under way finish → groups → logs flushed, marker written, lock released
 */

import type { Durability, LogDirectory } from '@ottla/log'
import { apiTable } from './api-table.ts'
import { closeCore, openCore } from './broker-core.ts'
import type { GroupCoordinator } from './groups/coordinator.ts'
import type { Logger } from './logger.ts'
import type { Metadata } from './metadata/metadata.ts'
import { Dispatcher } from './network/dispatcher.ts'
import { listenersToOpen } from './network/listener-address.ts'
import { openFileLimit, shareDescriptors } from './network/open-file-limit.ts'
import { type OpenListener, SocketServer } from './network/socket-server.ts'
import type { BrokerServices } from './services.ts'
import type { Settings } from './settings/settings.ts'
import type { ClientMetrics } from './telemetry/client-metrics.ts'
import { type Clock, systemClock } from './time/clock.ts'
import { TimerWheel } from './time/timer-wheel.ts'

export interface BrokerOptions {
  readonly settings: Settings
  readonly logger: Logger
  /** Default `fsync`. */
  readonly durability?: Durability
  readonly clock?: Clock
  /** Descriptors that this process may have open; default: what the system allows it. */
  readonly maxDescriptors?: number
}

/** How long a stop waits for requests under way. */
const stopDeadlineMs = 10_000

export class Broker {
  readonly clusterId: string
  readonly settings: Settings
  readonly logs: LogDirectory
  readonly metadata: Metadata
  readonly groups: GroupCoordinator
  /** Resolves if the broker can't go on: its metadata log has failed. It must be stopped then. */
  readonly failed: Promise<Error>
  readonly #services: BrokerServices
  readonly #server: SocketServer
  readonly #timers: TimerWheel
  readonly #logger: Logger
  #stopped: Promise<void> | undefined

  /**
   * Rejects with a SettingError, a StorageError, or the system's error for a listener (EADDRINUSE …); nothing is left open.
   */
  static async start(options: BrokerOptions): Promise<Broker> {
    const { settings, logger, durability = 'fsync', clock = systemClock, maxDescriptors = openFileLimit() } = options
    const shares = shareDescriptors(maxDescriptors)
    const addresses = listenersToOpen(settings)
    const timers = new TimerWheel()
    try {
      const services = await openCore({ settings, logger, durability, clock, timers, maxOpenFiles: shares.logFiles })
      const server = new SocketServer({
        settings,
        timers,
        logger,
        unsentAnswers: services.unsentAnswers,
        maxSockets: shares.connections,
        dispatcher: new Dispatcher(apiTable, services),
      })
      const broker = new Broker({ services, server, timers })
      try {
        for (const address of addresses) await server.listen(address)
        const { metadata, advertisedListeners: advertised } = services
        await metadata.register(
          server.listeners.map(({ name, host, port }) => advertised.get(name) ?? { name, host, port }),
        )
      } catch (error) {
        await broker.#close() // without a word: the reason is what counts
        throw error
      }
      return broker
    } catch (error) {
      timers.close()
      throw error
    }
  }

  private constructor({
    services,
    server,
    timers,
  }: { services: BrokerServices; server: SocketServer; timers: TimerWheel }) {
    const { clusterId, settings, logs, metadata, groups, logger } = services
    this.#services = services
    this.clusterId = clusterId
    this.settings = settings
    this.logs = logs
    this.metadata = metadata
    this.groups = groups
    this.#server = server
    this.#timers = timers
    this.#logger = logger
    this.failed = metadata.failed
  }

  /** Where the listeners listen, in the order of `listeners`. */
  get addresses(): readonly OpenListener[] {
    return this.#server.listeners
  }

  get connectionCount(): number {
    return this.#server.connectionCount
  }

  /** What clients tell of themselves (KIP-714): the last metrics that each has pushed. */
  get clientMetrics(): ClientMetrics {
    return this.#services.clientMetrics
  }

  /** What clients have asked for and not read yet. */
  get unsentAnswers(): { readonly bytes: number } {
    return this.#services.unsentAnswers
  }

  /** Resolves when everything is stored and nothing is left open. May be called more than once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#logger.info({}, 'stopping')
    await this.#close()
    this.#logger.info({}, 'stopped')
  }

  async #close(): Promise<void> {
    const drained = this.#server.stop({ deadlineMs: stopDeadlineMs })
    await this.groups.stop()
    await drained
    await closeCore(this.#services)
    this.#timers.close()
  }
}
