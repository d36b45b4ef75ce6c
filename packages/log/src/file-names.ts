/** Names inside a data directory and a partition's directory, exactly as Apache Kafka has them. Pure. */

export const lockFileName = '.lock'
export const cleanShutdownFileName = '.kafka_cleanshutdown'
export const metaPropertiesFileName = 'meta.properties'
export const recoveryPointFileName = 'recovery-point-offset-checkpoint'
export const logStartOffsetFileName = 'log-start-offset-checkpoint'
export const cleanedOffsetFileName = 'cleaner-offset-checkpoint'
export const leaderEpochFileName = 'leader-epoch-checkpoint'
export const partitionMetadataFileName = 'partition.metadata'
/** Ours alone: which run of the operating system used the directory last (Apache Kafka ignores it). */
export const bootIdFileName = '.ottla-boot-id'

/** A file on its way out: removed after `file.delete.delay.ms`, or at the next start. */
export const deletedFileSuffix = '.deleted'
/** A partition's directory on its way out. */
export const deletedDirectorySuffix = '-delete'
/** Written, synced, then renamed over the real name. Left behind only by a crash. */
export const temporaryFileSuffix = '.tmp'
/** What compaction is writing. Left behind only by a crash, and of no use then. */
export const cleanedFileSuffix = '.cleaned'
/** What compaction has written and is about to put in the place of segments. A crash leaves it to be finished. */
export const swapFileSuffix = '.swap'

/** What a repair has cut out of a segment: `<segment>.log.<from>-<end>.cut`. Never read, never removed. */
export const cutOutFileSuffix = '.cut'

export type SegmentFileKind = 'log' | 'index' | 'timeindex' | 'txnindex' | 'snapshot'
export const segmentFileKinds: readonly SegmentFileKind[] = ['log', 'index', 'timeindex', 'txnindex', 'snapshot']

export interface TopicPartition {
  topic: string
  partition: number
}

/** `00000000000000000042.log`: the base offset (of a snapshot: the offset it stands for, exclusive) in twenty digits. */
export function segmentFileName(offset: number, kind: SegmentFileKind): string {
  return `${String(offset).padStart(20, '0')}.${kind}`
}

export function parseSegmentFileName(name: string): { offset: number; kind: SegmentFileKind } | null {
  const match = /^(\d{20})\.(log|index|timeindex|txnindex|snapshot)$/.exec(name)
  if (!match) return null
  const offset = Number(match[1])
  return Number.isSafeInteger(offset) ? { offset, kind: match[2] as SegmentFileKind } : null
}

/** `00000000000000004711-0000000003.checkpoint`: what all records before the offset come to, and the leader epoch there. */
export function metadataSnapshotName({ offset, epoch }: { offset: number; epoch: number }): string {
  return `${String(offset).padStart(20, '0')}-${String(epoch).padStart(10, '0')}.checkpoint`
}

export function parseMetadataSnapshotName(name: string): { offset: number; epoch: number } | null {
  const match = /^(\d{20})-(\d{10})\.checkpoint$/.exec(name)
  if (!match || !Number.isSafeInteger(Number(match[1]))) return null
  return { offset: Number(match[1]), epoch: Number(match[2]) }
}

export function partitionDirectoryName({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

export function parsePartitionDirectoryName(name: string): TopicPartition | null {
  const match = /^(.+)-(0|[1-9]\d{0,9})$/.exec(name)
  return match ? { topic: match[1]!, partition: Number(match[2]) } : null
}

/** `orders-0.<32 hex digits>-delete`; a topic name is cut where the whole would be too long for a file name (255 bytes). */
export function deletedDirectoryName({ topic, partition }: TopicPartition, uniqueId: string): string {
  const suffix = `-${partition}.${uniqueId}${deletedDirectorySuffix}`
  return topic.slice(0, 255 - suffix.length) + suffix
}
