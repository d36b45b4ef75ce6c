/** What consumer groups may use of the world, beyond what all groups do. All of it is passed in. */

import type { ClassicGroup } from '../classic-group.ts'
import type { GroupContext } from '../group-context.ts'
import type { GroupRecord } from '../group-records.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { TopicCatalog } from './topics.ts'

/** What is in force for one group: set for it, or else for the broker. */
export interface ConsumerGroupConfig {
  /** `consumer.session.timeout.ms` */
  readonly sessionTimeoutMs: number
  /** `consumer.heartbeat.interval.ms` */
  readonly heartbeatIntervalMs: number
  /** `consumer.assignment.interval.ms` */
  readonly assignmentIntervalMs: number
}

export interface ConsumerContext extends GroupContext {
  readonly topics: TopicCatalog
  configOf(groupId: string): ConsumerGroupConfig
  /**
   * Makes a change: appends the records as one batch and applies them to memory at once.
   * Without records it only waits for what was changed before, which the answer may rest on.
   * @returns a promise that resolves when the change is durable. It rejects when the log fails later; the groups are then loaded anew
   * @throws KafkaError when the log refuses the records: nothing has changed
   */
  change(groupId: string, records: readonly GroupRecord[]): Promise<void>
  /** The group as it is now. */
  find(groupId: string): ClassicGroup | ConsumerGroup | undefined
}
