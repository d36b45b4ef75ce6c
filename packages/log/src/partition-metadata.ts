/** `partition.metadata`: which topic, by id, the directory belongs to. Kafka's file, version 0. Pure. */

export function formatPartitionMetadata(topicId: string): Buffer {
  return Buffer.from(`version: 0\ntopic_id: ${topicId}`, 'utf8')
}

/** Null when the content is not of that form. */
export function parsePartitionMetadata(content: Buffer): string | null {
  const match = /^version: 0\ntopic_id: ([A-Za-z0-9_-]{22})\n?$/.exec(content.toString('utf8'))
  return match?.[1] ?? null
}
