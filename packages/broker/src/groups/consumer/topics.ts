/** What the coordinator must know of topics: the metadata, as far as it goes into an assignment. */

import { createHash } from 'node:crypto'

export interface TopicInfo {
  readonly id: string
  readonly name: string
  /** Partitions are 0 to this, exclusive. */
  readonly partitionCount: number
}

export interface TopicCatalog {
  /** Changes whenever a topic may have changed. */
  readonly version: number
  byName(name: string): TopicInfo | undefined
  byId(id: string): TopicInfo | undefined
  /** Names of all topics that a client can see. */
  names(): Iterable<string>
}

/**
 * 64 bits that change when one of the topics is created, deleted or given more partitions; 0 when none of them exists. Stored with
 * the group, so that a restart does not look like a change. The value is our own: Kafka hashes otherwise, so a group that moves there is
 * assigned once more.
 */
export function metadataHash(topicNames: Iterable<string>, catalog: TopicCatalog): bigint {
  const hash = createHash('sha256')
  let isEmpty = true
  for (const name of [...topicNames].sort()) {
    const topic = catalog.byName(name)
    if (topic === undefined) continue
    isEmpty = false
    hash.update(`${name}\0${topic.id}\0${topic.partitionCount}\0`)
  }
  return isEmpty ? 0n : hash.digest().readBigInt64BE(0)
}
