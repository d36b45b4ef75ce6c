/**
 * A running broker: its parts, put together, started and stopped in order.
 *
 *   start: data directory locked and recovered → metadata replayed → groups loading → listeners opened → registered
 *   stop:  listeners closed, what waits is answered, requests under way finish → groups → logs flushed, marker written, lock released
 *
 * All but the network (the core) can be stopped and begun anew under open listeners: `reopen`.
 */

import type { Durability, FileSystem, LogDirectory } from '@ottla/log'
import { apiTable } from './api-table.ts'
import { type CoreOptions, closeCore, openCore } from './broker-core.ts'
import type { GroupCoordinator } from './groups/coordinator.ts'
import type { Logger } from './logger.ts'
import type { Metadata } from './metadata/metadata.ts'
import { Dispatcher } from './network/dispatcher.ts'
import { listenersToOpen } from './network/listener-address.ts'
import { type DescriptorShares, openFileLimit, shareDescriptors } from './network/open-file-limit.ts'
import type { RequestHook } from './network/request-hook.ts'
import { type OpenListener, SocketServer } from './network/socket-server.ts'
import { UnsentAnswers } from './network/unsent-answers.ts'
import type { BrokerServices } from './services.ts'
import type { Settings } from './settings/settings.ts'
import type { ClientMetrics } from './telemetry/client-metrics.ts'
import type { ApiStats } from './telemetry/request-stats.ts'
import { type Clock, systemClock } from './time/clock.ts'
import { TimerWheel } from './time/timer-wheel.ts'
import type { TransactionCoordinator } from './transactions/transaction-coordinator.ts'

export interface BrokerOptions {
  readonly settings: Settings
  readonly logger: Logger
  /** Default `fsync`. */
  readonly durability?: Durability
  readonly clock?: Clock
  /** Descriptors that this process may have open; default: what the system allows it. */
  readonly maxDescriptors?: number
  /** Monotonic milliseconds, for all timeouts but the network's own. Default: the process's. */
  readonly monotonicMs?: () => number
  /** Asked at each start, also by `reopen`. Default: the real one. */
  readonly fileSystem?: () => FileSystem
  /** Steps between requests and their handlers; default: none. */
  readonly requestHook?: RequestHook
}

/** How long a stop waits for requests under way. */
const stopDeadlineMs = 10_000

export class Broker {
  readonly settings: Settings
  readonly #options: BrokerOptions
  readonly #server: SocketServer
  readonly #dispatcher: Dispatcher
  readonly #networkTimers: TimerWheel
  readonly #shared: Shared
  readonly #logger: Logger
  #core: Core
  /** False while it is being replaced, and for good where that fails. */
  #hasCore = true
  #stopped: Promise<void> | undefined

  /**
   * Rejects with a SettingError, a StorageError, or the system's error for a listener (EADDRINUSE …); nothing is left open.
   */
  static async start(options: BrokerOptions): Promise<Broker> {
    const addresses = listenersToOpen(options.settings)
    const descriptors = shareDescriptors(options.maxDescriptors ?? openFileLimit())
    const shared: Shared = { unsentAnswers: new UnsentAnswers(), descriptors }
    const broker = new Broker(options, await startCore(options, shared), shared)
    try {
      for (const address of addresses) await broker.#server.listen(address)
      await broker.#register()
    } catch (error) {
      await broker.#close() // without a word: the reason is what counts
      throw error
    }
    return broker
  }

  private constructor(options: BrokerOptions, core: Core, shared: Shared) {
    const { settings, logger, requestHook } = options
    this.settings = settings
    this.#options = options
    this.#core = core
    this.#logger = logger
    this.#networkTimers = new TimerWheel()
    this.#shared = shared
    this.#dispatcher = new Dispatcher(apiTable, core.services, requestHook)
    this.#server = new SocketServer({
      settings,
      timers: this.#networkTimers,
      logger,
      unsentAnswers: shared.unsentAnswers,
      maxSockets: shared.descriptors.connections,
      dispatcher: this.#dispatcher,
    })
  }

  get clusterId(): string {
    return this.#core.services.clusterId
  }

  get logs(): LogDirectory {
    return this.#core.services.logs
  }

  get metadata(): Metadata {
    return this.#core.services.metadata
  }

  get groups(): GroupCoordinator {
    return this.#core.services.groups
  }

  get transactions(): TransactionCoordinator {
    return this.#core.services.transactions
  }

  /** All timeouts but the network's own. */
  get timers(): TimerWheel {
    return this.#core.timers
  }

  /** Resolves if the broker can't go on: its metadata log has failed. It must be stopped then. */
  get failed(): Promise<Error> {
    return this.metadata.failed
  }

  /** Where the listeners listen, in the order of `listeners`. */
  get addresses(): readonly OpenListener[] {
    return this.#server.listeners
  }

  get connectionCount(): number {
    return this.#server.connectionCount
  }

  /** What was counted of the requests since the start, by API. */
  requestStats(): Iterable<{ api: string; stats: ApiStats }> {
    return this.#dispatcher.stats()
  }

  /** What clients tell of themselves (KIP-714): the last metrics that each has pushed. */
  get clientMetrics(): ClientMetrics {
    return this.#core.services.clientMetrics
  }

  /** What clients have asked for and not read yet. */
  get unsentAnswers(): { readonly bytes: number } {
    return this.#shared.unsentAnswers
  }

  /**
   * Stops in order all but the network, lets `work` do what it likes with the data directory, and begins anew on what is there then.
   * Connections stay open: requests under way are answered as at a stop, those that come meanwhile wait. With `discards` nothing is
   * stored at the end, and `work` has to make the file system let go. Rejects as `start` does, or with what `work` rejects with; then
   * the broker has to be stopped.
   */
  async reopen(work: () => Promise<void>, { discards = false }: { discards?: boolean } = {}): Promise<void> {
    const { idle, release } = this.#dispatcher.hold()
    try {
      this.#server.answerNow()
      await this.groups.stop()
      await idle
      if (discards) this.#core.timers.close()
      else await stopCore(this.#core)
      this.#hasCore = false
      await work()
      this.#core = await startCore(this.#options, this.#shared)
      this.#hasCore = true
      await this.#register()
    } finally {
      release(this.#core.services)
    }
  }

  /** Resolves when everything is stored and nothing is left open. May be called more than once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /**
   * Lets go of everything at once and stores nothing, as the end of a process would; the file system has to let go of its files and its
   * lock by itself. A stop after it does nothing.
   */
  kill(): Promise<void> {
    this.#stopped ??= this.#kill()
    return this.#stopped
  }

  async #register(): Promise<void> {
    const { metadata, advertisedListeners: advertised } = this.#core.services
    await metadata.register(
      this.#server.listeners.map(({ name, host, port }) => advertised.get(name) ?? { name, host, port }),
    )
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
    if (this.#hasCore) await stopCore(this.#core)
    this.#networkTimers.close()
  }

  async #kill(): Promise<void> {
    this.#core.timers.close()
    await this.#server.destroy()
    this.#networkTimers.close()
  }
}

/** What the network and every core after another have in common. */
interface Shared {
  readonly unsentAnswers: UnsentAnswers
  readonly descriptors: DescriptorShares
}

/** A core and the wheel that drives it: both end together. */
interface Core {
  readonly services: BrokerServices
  readonly timers: TimerWheel
}

async function startCore(options: BrokerOptions, { unsentAnswers, descriptors }: Shared): Promise<Core> {
  const { settings, logger, durability = 'fsync', clock = systemClock, monotonicMs, fileSystem } = options
  const timers = new TimerWheel(monotonicMs && { nowMs: monotonicMs })
  const maxOpenFiles = descriptors.logFiles
  const own = { settings, logger, durability, clock, timers, unsentAnswers, maxOpenFiles }
  const coreOptions: CoreOptions = fileSystem ? { ...own, fileSystem: fileSystem() } : own
  try {
    return { services: await openCore(coreOptions), timers }
  } catch (error) {
    timers.close()
    throw error
  }
}

async function stopCore({ services, timers }: Core): Promise<void> {
  await closeCore(services)
  timers.close()
}
