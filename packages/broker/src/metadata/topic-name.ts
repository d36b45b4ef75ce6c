/** What a topic may be called, in Kafka's words; and which topics are the server's own. */

/** Longest name: its partitions' directories, with suffix, must fit a file name. */
const maxTopicNameLength = 249

/** Why this is not a topic name, or null if it is one. */
export function topicNameProblem(name: string): string | null {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed'
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`
  if (name.length > maxTopicNameLength) {
    return `Topic name is invalid: the length of '${name}' is longer than the max allowed length ${maxTopicNameLength}`
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `Topic name is invalid: '${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
  }
  return null
}

/** Metrics can't tell '.' from '_': such names collide in Kafka, and so here. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}

/** The server's own log of topics and configurations: never a topic that clients see. */
export const clusterMetadataTopic = '__cluster_metadata'
export const clusterMetadataTopicId = 'AAAAAAAAAAAAAAAAAAAAAQ'

const internalTopics: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
])

/** True for topics that the server keeps its own state in: readable, but not written by clients. */
export function isInternalTopic(name: string): boolean {
  return internalTopics.has(name)
}
