/**
 * A running broker: its parts, put together, started and stopped in order.
 *
 *   start: data directory locked and recovered → metadata replayed → groups loading → listeners opened → registered
 *   stop:  listeners closed, what waits is answered, requests under way finish → groups → logs flushed, marker written, lock released
 */

import { randomInt, randomUUID } from 'node:crypto'
import { resolve as resolvePath } from 'node:path'
import { type Durability, LogDirectory } from '@ottla/log'
import { KafkaError } from '@ottla/protocol'
import { apiTable } from './api-table.ts'
import { FetchSessions } from './fetch/fetch-sessions.ts'
import { GroupCoordinator, offsetsTopicName } from './groups/coordinator.ts'
import type { Logger } from './logger.ts'
import { Metadata } from './metadata/metadata.ts'
import { ProducerIds } from './metadata/producer-ids.ts'
import { Dispatcher } from './network/dispatcher.ts'
import { advertisedListeners, listenersToOpen } from './network/listener-address.ts'
import { type OpenListener, SocketServer } from './network/socket-server.ts'
import type { BrokerServices } from './services.ts'
import { SettingError } from './settings/setting.ts'
import type { Settings } from './settings/settings.ts'
import { logConfigOf } from './settings/topic-config.ts'
import { type Clock, systemClock } from './time/clock.ts'
import { TimerWheel } from './time/timer-wheel.ts'

export interface BrokerOptions {
  readonly settings: Settings
  readonly logger: Logger
  /** Default `fsync`. */
  readonly durability?: Durability
  readonly clock?: Clock
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
  readonly #server: SocketServer
  readonly #timers: TimerWheel
  readonly #logger: Logger
  #stopped: Promise<void> | undefined

  /**
   * Rejects with a SettingError, a StorageError, or the system's error for a listener (EADDRINUSE …); nothing is left open.
   */
  static async start({ settings, logger, durability = 'fsync', clock = systemClock }: BrokerOptions): Promise<Broker> {
    const addresses = listenersToOpen(settings)
    const advertised = advertisedListeners(settings)
    const nodeId = nodeIdOf(settings)
    const timers = new TimerWheel()
    const logs = await openLogs({ settings, logger, durability, clock, timers, nodeId })
    try {
      const metadata = await Metadata.open({ logs, settings, clock, logger, nodeId })
      const groups = createGroups({ settings, logger, clock, timers, metadata, logs })
      const services: BrokerServices = {
        clusterId: logs.clusterId,
        nodeId,
        settings,
        logger,
        clock,
        timers,
        metadata,
        logs,
        groups,
        producerIds: new ProducerIds(metadata),
        fetchSessions: new FetchSessions({
          maxSessions: settings.get('max.incremental.fetch.session.cache.slots'),
          nowMs: () => timers.nowMs(),
          randomId: () => randomInt(1, 2 ** 31 - 1),
        }),
        advertisedListeners: advertised,
        apis: apiTable,
      }
      const server = new SocketServer({ settings, timers, logger, dispatcher: new Dispatcher(apiTable, services) })
      const broker = new Broker({ services, server, timers })
      try {
        void groups.start()
        for (const address of addresses) await server.listen(address)
        await metadata.register(server.listeners.map(({ name, host, port }) => advertised.get(name) ?? { name, host, port }))
      } catch (error) {
        await broker.stop()
        throw error
      }
      return broker
    } catch (error) {
      await logs.close()
      timers.close()
      throw error
    }
  }

  private constructor({ services, server, timers }: { services: BrokerServices; server: SocketServer; timers: TimerWheel }) {
    const { clusterId, settings, logs, metadata, groups, logger } = services
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

  /** Resolves when everything is stored and nothing is left open. May be called more than once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#logger.info({}, 'stopping')
    const drained = this.#server.stop({ deadlineMs: stopDeadlineMs })
    this.groups.stop()
    await drained
    await this.metadata.whenIdle()
    await this.logs.close()
    this.#timers.close()
    this.#logger.info({}, 'stopped')
  }
}

/** `node.id`, or its former name. */
function nodeIdOf(settings: Settings): number {
  if (settings.isConfigured('node.id') || !settings.isConfigured('broker.id')) return settings.get('node.id')
  return Math.max(settings.get('broker.id'), 0)
}

interface Parts {
  readonly settings: Settings
  readonly logger: Logger
  readonly clock: Clock
  readonly timers: TimerWheel
}

function openLogs({ settings, logger, durability, clock, timers, nodeId }: Parts & { durability: Durability; nodeId: number }) {
  const directories = settings.get('log.dirs') ?? settings.get('log.dir')
  const [path] = directories
  if (path === undefined || path === '') throw new SettingError('log.dirs names no data directory')
  if (directories.length > 1) throw new SettingError(`log.dirs names ${directories.length} directories: Ottla keeps its data in one`)
  return LogDirectory.open({
    path: resolvePath(path),
    logger,
    durability,
    clock,
    timers,
    nodeId,
    defaultConfig: logConfigOf(new Map(), settings),
    maxDecompressedBytes: Math.min(settings.get('max.decompressed.message.bytes'), 256 * 1024 * 1024),
    producerIdExpirationMs: settings.get('producer.id.expiration.ms'),
    retentionCheckIntervalMs: settings.get('log.retention.check.interval.ms'),
  })
}

function createGroups({ settings, logger, clock, timers, metadata, logs }: Parts & { metadata: Metadata; logs: LogDirectory }) {
  const groups = new GroupCoordinator({
    settings: {
      initialRebalanceDelayMs: settings.get('group.initial.rebalance.delay.ms'),
      maxSize: settings.get('group.max.size'),
      minSessionTimeoutMs: settings.get('group.min.session.timeout.ms'),
      maxSessionTimeoutMs: settings.get('group.max.session.timeout.ms'),
      offsetMetadataMaxBytes: settings.get('offset.metadata.max.bytes'),
      offsetsRetentionMs: settings.get('offsets.retention.minutes') * 60_000,
      offsetsRetentionCheckIntervalMs: settings.get('offsets.retention.check.interval.ms'),
    },
    timers,
    clock,
    logger,
    randomUuid: randomUUID,
    topic: {
      logs: () => {
        const topic = metadata.topic(offsetsTopicName)
        if (topic === undefined) return null
        return Array.from({ length: topic.partitionCount }, (_, partition) => {
          const log = logs.get(offsetsTopicName, partition)
          if (log === undefined) throw new KafkaError('COORDINATOR_NOT_AVAILABLE', `${offsetsTopicName}-${partition} is missing`)
          return log
        })
      },
      create: async () => {
        await metadata.ensureTopic({
          name: offsetsTopicName,
          partitionCount: settings.get('offsets.topic.num.partitions'),
          overrides: new Map([
            ['cleanup.policy', 'compact'],
            ['compression.type', 'producer'],
            ['segment.bytes', String(settings.get('offsets.topic.segment.bytes'))],
          ]),
        })
      },
    },
  })
  metadata.onTopicDeleted(topic => void groups.topicDeleted(topic.name))
  return groups
}
