/**
 * A broker without its network: data directory, metadata and groups, put together for the request handlers. The whole of what a
 * crash must not harm is here, and nothing of it knows of sockets, so that a simulation can drive it under a time of its own.
 *
 *   open:  data directory locked and recovered → metadata replayed → groups and transactions loading
 *   close: transactions, then groups stopped → changes of metadata finished → logs flushed, marker written, lock released
 */

import { resolve as resolvePath } from 'node:path'
import { type Durability, type FileSystem, LogDirectory } from '@ottla/log'
import { KafkaError, randomUuid } from '@ottla/protocol'
import { apiTable } from './api-table.ts'
import { FetchSessions } from './fetch/fetch-sessions.ts'
import { GroupCoordinator, offsetsTopicName } from './groups/coordinator.ts'
import { consumerGroupSettings, topicCatalog } from './groups/wiring.ts'
import type { Logger } from './logger.ts'
import { Metadata } from './metadata/metadata.ts'
import { ProducerIds } from './metadata/producer-ids.ts'
import { advertisedListeners } from './network/listener-address.ts'
import { UnsentAnswers } from './network/unsent-answers.ts'
import { type Randomness, systemRandomness } from './randomness.ts'
import type { BrokerServices } from './services.ts'
import { groupValue } from './settings/group-settings.ts'
import { SettingError } from './settings/setting.ts'
import type { Settings } from './settings/settings.ts'
import { logConfigOf } from './settings/topic-config.ts'
import { ClientMetrics } from './telemetry/client-metrics.ts'
import type { Clock } from './time/clock.ts'
import type { Timers } from './time/timers.ts'
import { transactionTopicName } from './transactions/transaction-coordinator.ts'
import { createTransactions } from './transactions/wiring.ts'

export interface CoreOptions {
  readonly settings: Settings
  readonly logger: Logger
  readonly durability: Durability
  readonly clock: Clock
  readonly timers: Timers
  readonly randomness?: Randomness
  /** Default: the real one. */
  readonly fileSystem?: FileSystem
  /** What the connections count on; default: one of its own. */
  readonly unsentAnswers?: UnsentAnswers
  /** Calls back when the present turn of the event loop is over; default `setImmediate`. */
  readonly defer?: (action: () => void) => void
  /** Log files that stay open; default: the log's. */
  readonly maxOpenFiles?: number
}

/** Rejects with a SettingError or a StorageError; nothing is left open. */
export async function openCore(options: CoreOptions): Promise<BrokerServices> {
  const { settings, logger, clock, timers, randomness = systemRandomness } = options
  const advertised = advertisedListeners(settings)
  const nodeId = nodeIdOf(settings)
  const logs = await openLogs(options, { nodeId, randomness })
  try {
    const metadata = await Metadata.open({ logs, settings, clock, logger, nodeId, randomBytes: randomness.bytes })
    const groups = createGroups(options, { metadata, logs, randomness })
    void groups.start()
    const producerIds = new ProducerIds(metadata)
    const transactions = createTransactions(options, { metadata, logs, groups, producerIds })
    void transactions.start()
    logs.onReturn(log => {
      void metadata.logReturned(log)
      if (log.topic === offsetsTopicName) void groups.logReturned(log)
      if (log.topic === transactionTopicName) void transactions.logReturned(log)
    })
    return {
      clusterId: logs.clusterId,
      nodeId,
      settings,
      logger,
      clock,
      timers,
      metadata,
      logs,
      groups,
      transactions,
      producerIds,
      fetchSessions: new FetchSessions({
        maxSessions: settings.get('max.incremental.fetch.session.cache.slots'),
        nowMs: () => timers.nowMs(),
        randomId: () => 1 + randomness.below(2 ** 31 - 1),
      }),
      clientMetrics: new ClientMetrics({
        subscriptions: () =>
          metadata.configured('clientMetrics').map(name => metadata.overrides({ type: 'clientMetrics', name })),
        maxBytes: settings.get('telemetry.max.bytes'),
        nowMs: () => timers.nowMs(),
        randomUuid: () => randomUuid(randomness.bytes),
      }),
      unsentAnswers: options.unsentAnswers ?? new UnsentAnswers(),
      advertisedListeners: advertised,
      apis: apiTable,
    }
  } catch (error) {
    await logs.close()
    throw error
  }
}

/** Resolves when everything is stored. No request may be under way any more. */
export async function closeCore({ transactions, groups, metadata, logs }: BrokerServices): Promise<void> {
  await transactions.stop()
  await groups.stop()
  await metadata.whenIdle()
  await logs.close()
}

/** `node.id`, or its former name. */
function nodeIdOf(settings: Settings): number {
  if (settings.isConfigured('node.id') || !settings.isConfigured('broker.id')) return settings.get('node.id')
  return Math.max(settings.get('broker.id'), 0)
}

function openLogs(options: CoreOptions, { nodeId, randomness }: { nodeId: number; randomness: Randomness }) {
  const { settings, logger, durability, clock, timers, fileSystem, defer, maxOpenFiles } = options
  const directories = settings.get('log.dirs') ?? settings.get('log.dir')
  const [path] = directories
  if (path === undefined || path === '') throw new SettingError('log.dirs names no data directory')
  if (directories.length > 1) {
    throw new SettingError(`log.dirs names ${directories.length} directories: Ottla keeps its data in one`)
  }
  return LogDirectory.open({
    path: resolvePath(path),
    logger,
    durability,
    clock,
    timers,
    nodeId,
    randomBytes: randomness.bytes,
    random: () => randomness.below(2 ** 32) / 2 ** 32,
    ...(fileSystem && { fileSystem }),
    ...(defer && { defer }),
    ...(maxOpenFiles !== undefined && { maxOpenFiles }),
    defaultConfig: logConfigOf(new Map(), settings),
    maxDecompressedBytes: Math.min(settings.get('max.decompressed.message.bytes'), 256 * 1024 * 1024),
    producerIdExpirationMs: settings.get('producer.id.expiration.ms'),
    retentionCheckIntervalMs: settings.get('log.retention.check.interval.ms'),
    cleaner: {
      isEnabled: settings.get('log.cleaner.enable'),
      backoffMs: settings.get('log.cleaner.backoff.ms'),
      dedupeBufferBytes: settings.get('log.cleaner.dedupe.buffer.size'),
      loadFactor: settings.get('log.cleaner.io.buffer.load.factor'),
      maxBytesPerSecond: settings.get('log.cleaner.io.max.bytes.per.second'),
    },
  })
}

function createGroups(
  { settings, logger, clock, timers }: CoreOptions,
  { metadata, logs, randomness }: { metadata: Metadata; logs: LogDirectory; randomness: Randomness },
): GroupCoordinator {
  const groups = new GroupCoordinator({
    settings: {
      initialRebalanceDelayMs: settings.get('group.initial.rebalance.delay.ms'),
      maxSize: settings.get('group.max.size'),
      minSessionTimeoutMs: settings.get('group.min.session.timeout.ms'),
      maxSessionTimeoutMs: settings.get('group.max.session.timeout.ms'),
      offsetMetadataMaxBytes: settings.get('offset.metadata.max.bytes'),
      offsetsRetentionMs: settings.get('offsets.retention.minutes') * 60_000,
      offsetsRetentionCheckIntervalMs: settings.get('offsets.retention.check.interval.ms'),
      consumer: consumerGroupSettings(settings),
    },
    topics: topicCatalog(metadata),
    configOf: groupId => {
      const overrides = metadata.overrides({ type: 'group', name: groupId })
      return {
        sessionTimeoutMs: groupValue('consumer.session.timeout.ms', overrides, settings),
        heartbeatIntervalMs: groupValue('consumer.heartbeat.interval.ms', overrides, settings),
        assignmentIntervalMs: groupValue('consumer.assignment.interval.ms', overrides, settings),
      }
    },
    timers,
    clock,
    logger,
    randomUuid: randomness.uuid,
    randomMemberId: () => randomUuid(randomness.bytes),
    topic: {
      logs: () => {
        const topic = metadata.topic(offsetsTopicName)
        if (topic === undefined) return null
        return Array.from({ length: topic.partitionCount }, (_, partition) => {
          const log = logs.get(offsetsTopicName, partition)
          if (log === undefined)
            throw new KafkaError('COORDINATOR_NOT_AVAILABLE', `${offsetsTopicName}-${partition} is missing`)
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
