/**
 * The group coordinator: finds the shard of a group, creates `__consumer_offsets` when it is first needed, loads what is there at
 * start, and lets offsets expire. Each shard is the groups of one partition of that topic; all of them are on this node.
 */

import { KafkaError } from '@ottla/protocol'
import { partitionOfKey } from '../coordinators/partition-of-key.ts'
import type { StateStorage, TransactionMarker } from '../coordinators/state-log.ts'
import { assert } from './assert.ts'
import { GroupShard, type ShardContext } from './group-shard.ts'
import { expireOffsets, forgetTopic } from './offset-operations.ts'

export const offsetsTopicName = '__consumer_offsets'

/** The topic in which groups are kept, as the broker's metadata has it. */
export interface OffsetsTopic {
  /** The logs of all its partitions in their order; null while the topic does not exist. */
  logs(): readonly StateStorage[] | null
  /** Creates it with the settings that such a topic needs; resolves when `logs` has it. */
  create(): Promise<void>
}

export interface GroupCoordinatorOptions extends ShardContext {
  topic: OffsetsTopic
}

export class GroupCoordinator {
  readonly #context: ShardContext
  readonly #topic: OffsetsTopic
  #shards: readonly GroupShard[] | null = null
  #started: Promise<void> | null = null
  #creation: Promise<void> | null = null
  #expiry: { cancel(): void } | null = null
  #isStopped = false

  constructor({ topic, ...context }: GroupCoordinatorOptions) {
    this.#context = context
    this.#topic = topic
  }

  get settings(): ShardContext['settings'] {
    return this.#context.settings
  }

  /** Loads the groups that are stored, once. Resolves when all are loaded or found unreadable; never rejects. */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  /**
   * Answers all who wait; members find the coordinator again after the restart and go on where they were.
   * Resolves when the logs are not read any more.
   */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#expiry?.cancel()
    for (const shard of this.shards) shard.stop('NOT_COORDINATOR')
    await this.#started
  }

  /**
   * The shard of a group, for requests that may create the group.
   * @throws KafkaError INVALID_GROUP_ID, COORDINATOR_NOT_AVAILABLE
   */
  async shard(groupId: string): Promise<GroupShard> {
    if (this.#isStopped) throw new KafkaError('COORDINATOR_NOT_AVAILABLE')
    if (this.#shards === null) {
      this.#creation ??= this.#create().finally(() => {
        this.#creation = null
      })
      await this.#creation
    }
    const shard = this.existingShard(groupId)
    assert(shard !== null, `${offsetsTopicName} has no partitions after it was created`)
    return shard
  }

  /** The shard of a group for requests that only look; null while no group was ever stored. */
  existingShard(groupId: string): GroupShard | null {
    if (this.#isStopped) throw new KafkaError('COORDINATOR_NOT_AVAILABLE')
    if (this.#shards === null) return null
    return this.#shards[partitionOfKey(groupId, this.#shards.length)] ?? null
  }

  /**
   * Ends a producer's transaction in all groups of one partition of `__consumer_offsets`. Resolves when that is durable, or at once if the
   * partition is gone.
   * @throws KafkaError what hinders it at present
   */
  async endTransaction(partition: number, marker: TransactionMarker): Promise<void> {
    if (this.#isStopped) throw new KafkaError('COORDINATOR_NOT_AVAILABLE')
    await this.#shards?.[partition]?.endTransaction(marker)
  }

  /** All shards, loaded or not. */
  get shards(): readonly GroupShard[] {
    return this.#shards ?? []
  }

  /** To be called in the very turn in which a topic is deleted: its offsets go with it. Resolves when that is durable. */
  async topicDeleted(topic: string): Promise<void> {
    if (topic === offsetsTopicName) {
      // Whoever deletes the topic of groups deletes all groups. The next one begins it anew.
      for (const shard of this.shards) shard.stop('NOT_COORDINATOR')
      this.#shards = null
      return
    }
    // In all shards before this returns: later a topic of that name may be there again, and what is committed for it must not be hit.
    const removals = this.shards.map(async shard => {
      try {
        await forgetTopic(shard, topic)
      } catch (error) {
        // Not lost: each offset names the id of its topic, and one of a topic that is gone is never handed out.
        this.#reportUpkeep(error, 'the offsets of a deleted topic could not be removed')
      }
    })
    await Promise.all(removals)
  }

  /** A log that a full disk kept offline since the start is open now: its groups are loaded from it. Resolves when that is done. */
  async logReturned(log: StateStorage): Promise<void> {
    if (this.#shards === null || this.#isStopped) return
    const shard = new GroupShard({ log, context: this.#context })
    this.#shards[log.partition]?.stop('NOT_COORDINATOR')
    this.#shards = this.#shards.with(log.partition, shard)
    // Not before the ones of the start: who stops waits for all that read.
    this.#started = Promise.all([this.#started, shard.load()]).then(() => undefined)
    await this.#started
  }

  /** One round of upkeep: removes offsets and groups that are past `offsets.retention.minutes`. */
  async expireOffsets(): Promise<void> {
    for (const shard of this.shards) {
      try {
        await expireOffsets(shard)
      } catch (error) {
        this.#reportUpkeep(error, 'expired offsets could not be removed')
      }
    }
  }

  async #start(): Promise<void> {
    this.#scheduleExpiry()
    try {
      await this.#open()
    } catch (error) {
      // Asked for a group, the coordinator tries again.
      this.#context.logger.error({ err: error }, 'the groups that are stored could not be opened')
    }
  }

  async #create(): Promise<void> {
    this.#context.logger.info({ topic: offsetsTopicName }, 'creating the topic that keeps consumer groups')
    await this.#topic.create()
    await this.#open()
    if (this.#shards === null) throw new KafkaError('COORDINATOR_NOT_AVAILABLE')
  }

  async #open(): Promise<void> {
    const logs = this.#topic.logs()
    if (logs === null || this.#shards !== null) return
    const shards = logs.map(log => new GroupShard({ log, context: this.#context }))
    this.#shards = shards
    for (const shard of shards) await shard.load()
  }

  #scheduleExpiry(): void {
    this.#expiry = this.#context.timers.after(this.settings.offsetsRetentionCheckIntervalMs, () => {
      void this.expireOffsets().then(() => {
        if (!this.#isStopped) this.#scheduleExpiry()
      })
    })
  }

  /** What upkeep could not do now is done the next time; a shard that is loading or offline has said why. */
  #reportUpkeep(error: unknown, message: string): void {
    if (error instanceof KafkaError && error.errorName === 'COORDINATOR_LOAD_IN_PROGRESS') return
    this.#context.logger.error({ err: error }, message)
  }
}
