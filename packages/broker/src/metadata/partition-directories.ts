/**
 * The directories of topics' partitions, kept in line with what the metadata log says. A directory counts for nothing without
 * a record; records of a topic that nobody knows are never removed.
 */

import { type LogConfig, type LogDirectory, type PartitionLog, StorageError } from '@ottla/log'
import { KafkaError } from '@ottla/protocol'
import type { Logger } from '../logger.ts'
import { clusterMetadataTopic } from './topic-name.ts'

/** As much of a topic as its directories need. */
export interface TopicPartitions {
  readonly name: string
  readonly id: string
  readonly config: LogConfig
}

export class PartitionDirectories {
  readonly #logs: LogDirectory
  readonly #logger: Logger
  #hasLeftovers = false

  constructor({ logs, logger }: { logs: LogDirectory; logger: Logger }) {
    this.#logs = logs
    this.#logger = logger
  }

  /** A directory that was to be removed could not be: the next start tries again. */
  get hasLeftovers(): boolean {
    return this.#hasLeftovers
  }

  /** All of them are there, empty, when it resolves; none when it rejects with KafkaError KAFKA_STORAGE_ERROR. */
  async create({ name, id, config }: TopicPartitions, partitions: readonly number[]): Promise<void> {
    const inTheWay = partitions.find(partition => this.#logs.get(name, partition) !== undefined)
    if (inTheWay !== undefined) {
      throw new KafkaError(
        'KAFKA_STORAGE_ERROR',
        `The data directory has a directory ${name}-${inTheWay} of a topic that is not known: move it away, then create the topic again`,
      )
    }
    const results = await Promise.allSettled(
      partitions.map(partition => this.#logs.create({ topic: name, topicId: id, partition, config })),
    )
    const failed = results.find(result => result.status === 'rejected')
    if (failed === undefined) return
    await this.remove(name, partitions)
    if (failed.reason instanceof StorageError) throw new KafkaError('KAFKA_STORAGE_ERROR', failed.reason.message)
    throw failed.reason
  }

  /** Never fails for what the disk does: directories that can't be removed now are at the next start. */
  async remove(name: string, partitions: readonly number[]): Promise<void> {
    const removals = await Promise.allSettled(partitions.map(partition => this.#logs.delete(name, partition)))
    for (const removal of removals) {
      if (removal.status === 'fulfilled') continue
      if (!(removal.reason instanceof StorageError)) throw removal.reason
      this.#hasLeftovers = true
      this.#logger.error(
        { topic: name, error: removal.reason.message },
        'the directory of a partition could not be removed',
      )
    }
  }

  /** At the start: what a crash between directory and record has left, and what is missing though it should be there. */
  async align(
    topics: Iterable<TopicPartitions & { readonly partitionCount: number }>,
    { isRemoved }: { isRemoved: (topicId: string) => boolean },
  ): Promise<void> {
    const known = [...topics]
    const byName = new Map(known.map(topic => [topic.name, topic]))
    for (const log of [...this.#logs.logs()]) {
      const { topic, partition, topicId } = log
      const found = byName.get(topic)
      const belongs = found?.id === topicId && partition < found.partitionCount
      if (topic === clusterMetadataTopic || belongs) continue
      await this.removeStray(log, { isRemoved: isRemoved(topicId) })
    }
    for (const topic of known) await this.#createMissing(topic)
  }

  /** Of a log that belongs to no partition that is known: what holds no records, or belonged to a topic that was removed, goes. */
  async removeStray(log: PartitionLog, { isRemoved }: { isRemoved: boolean }): Promise<void> {
    const { topic, partition, topicId } = log
    const isEmpty = !log.isOffline && log.logEndOffset === 0
    if (isRemoved || isEmpty) {
      this.#logger.info(
        { topic, partition, topicId },
        'removing a partition of a topic that was deleted or never completely created',
      )
      await this.remove(topic, [partition])
    } else {
      this.#logger.warn(
        { topic, partition, topicId },
        'leaving a directory alone that belongs to no topic that is known',
      )
    }
  }

  async #createMissing(topic: TopicPartitions & { readonly partitionCount: number }): Promise<void> {
    const { name, partitionCount } = topic
    const missing = Array.from({ length: partitionCount }, (_, partition) => partition).filter(
      partition => this.#logs.get(name, partition) === undefined,
    )
    if (missing.length === 0) return
    this.#logger.error(
      { topic: name, partitions: missing },
      'directories of partitions are missing: beginning them anew, empty',
    )
    await this.create(topic, missing)
  }
}
