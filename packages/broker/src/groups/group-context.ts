/** What the phases of a group may use of the world: settings, time, ids, the group's log. All of it is passed in. */

import type { KafkaError } from '@ottla/protocol'
import type { Logger } from '../logger.ts'
import type { Clock } from '../time/clock.ts'
import type { Timers } from '../time/timers.ts'
import type { ClassicGroup } from './classic-group.ts'
import type { MigrationPolicy } from './consumer/migration.ts'

export interface GroupSettings {
  /** `group.initial.rebalance.delay.ms` */
  initialRebalanceDelayMs: number
  /** `group.max.size` */
  maxSize: number
  /** `group.min.session.timeout.ms` */
  minSessionTimeoutMs: number
  /** `group.max.session.timeout.ms` */
  maxSessionTimeoutMs: number
  /** `offset.metadata.max.bytes` */
  offsetMetadataMaxBytes: number
  /** `offsets.retention.minutes`, in milliseconds */
  offsetsRetentionMs: number
  /** `offsets.retention.check.interval.ms` */
  offsetsRetentionCheckIntervalMs: number
  consumer: ConsumerGroupSettings
}

/** Of groups of the consumer protocol (KIP-848). */
export interface ConsumerGroupSettings {
  /** `group.consumer.assignors`: what members may ask for; the first one is the default. */
  assignors: readonly string[]
  /** `group.consumer.max.size` */
  maxSize: number
  /** `group.consumer.migration.policy` */
  migrationPolicy: MigrationPolicy
}

export interface GroupContext {
  readonly settings: GroupSettings
  readonly timers: Timers
  readonly clock: Clock
  readonly logger: Logger
  /** A random UUID: the part of a member id that makes it unique. */
  randomUuid(): string
  /** A random id for a member of the new group protocol: a UUID in Kafka's short form. */
  randomMemberId(): string
  /**
   * Writes the group's record with these assignments and calls `done` when it is durable, or with the error when the log refused it.
   * When the log fails after it accepted, the shard is loaded anew and everything that waits in its groups is answered there:
   * `done` is then not called.
   */
  storeGroup(group: ClassicGroup, assignments: ReadonlyMap<string, Buffer>, done: (error?: KafkaError) => void): void
}
