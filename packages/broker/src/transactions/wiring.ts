/** What the transaction coordinator gets from the other parts of the broker, in the form in which it wants it. */

import type { LogDirectory } from '@ottla/log'
import { buildEndTransactionMarker, KafkaError } from '@ottla/protocol'
import type { TransactionMarker } from '../coordinators/state-log.ts'
import { type GroupCoordinator, offsetsTopicName } from '../groups/coordinator.ts'
import { escapingLogger } from '../groups/escaping-logger.ts'
import type { Logger } from '../logger.ts'
import type { Metadata } from '../metadata/metadata.ts'
import type { ProducerIds } from '../metadata/producer-ids.ts'
import type { Settings } from '../settings/settings.ts'
import type { Clock } from '../time/clock.ts'
import type { Timers } from '../time/timers.ts'
import type { TopicPartition } from './transaction.ts'
import { TransactionCoordinator, transactionTopicName } from './transaction-coordinator.ts'

interface World {
  readonly settings: Settings
  readonly logger: Logger
  readonly clock: Clock
  readonly timers: Timers
}

interface Parts {
  readonly metadata: Metadata
  readonly logs: LogDirectory
  readonly groups: GroupCoordinator
  readonly producerIds: ProducerIds
}

/** Name of the feature that says which version of transactions the brokers speak (KIP-890). */
export const transactionFeature = 'transaction.version'

export function createTransactions({ settings, clock, timers, ...world }: World, parts: Parts): TransactionCoordinator {
  const { metadata, logs, groups, producerIds } = parts
  // Transactional ids are clients' words.
  const logger = escapingLogger(world.logger)
  const transactions = new TransactionCoordinator({
    settings: {
      maxTimeoutMs: settings.get('transaction.max.timeout.ms'),
      timeoutCheckIntervalMs: settings.get('transaction.abort.timed.out.transaction.cleanup.interval.ms'),
      idExpirationMs: settings.get('transactional.id.expiration.ms'),
      expirationCheckIntervalMs: settings.get('transaction.remove.expired.transaction.cleanup.interval.ms'),
      maxWaitMs: settings.get('add.partitions.to.txn.retry.backoff.max.ms'),
    },
    version: () => metadata.features.get(transactionFeature) ?? 0,
    producerIds,
    clock,
    timers,
    logger,
    writeMarker: ({ topic, partition }, marker) =>
      topic === offsetsTopicName
        ? groups.endTransaction(partition, marker)
        : writeMarker({ topic, partition }, marker, { logs, clock }),
    topic: {
      logs: () => {
        const topic = metadata.topic(transactionTopicName)
        if (topic === undefined) return null
        return Array.from({ length: topic.partitionCount }, (_, partition) => {
          const log = logs.get(transactionTopicName, partition)
          if (log === undefined)
            throw new KafkaError('COORDINATOR_NOT_AVAILABLE', `${transactionTopicName}-${partition} is missing`)
          return log
        })
      },
      create: async () => {
        await metadata.ensureTopic({
          name: transactionTopicName,
          partitionCount: settings.get('transaction.state.log.num.partitions'),
          overrides: new Map([
            ['cleanup.policy', 'compact'],
            ['compression.type', 'uncompressed'],
            ['segment.bytes', String(settings.get('transaction.state.log.segment.bytes'))],
          ]),
        })
      },
    },
  })
  metadata.onTopicDeleted(topic => transactions.topicDeleted(topic.name))
  return transactions
}

/** Resolves when it is durable. A topic that is gone has nothing to end. */
async function writeMarker(
  { topic, partition }: TopicPartition,
  marker: TransactionMarker,
  { logs, clock }: { logs: LogDirectory; clock: Clock },
): Promise<void> {
  const log = logs.get(topic, partition)
  if (log === undefined) return
  const batch = buildEndTransactionMarker({ baseOffset: 0, timestamp: clock.now(), ...marker })
  const { nextOffset } = log.append(batch, { origin: 'coordinator' })
  await new Promise<void>((resolve, reject) => {
    log.whenDurable(nextOffset, error => (error ? reject(error) : resolve()))
  })
}
