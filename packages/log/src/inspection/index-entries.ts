/** The entries of a segment's index files as they stand there, sensible or not. For looking at them; the log has classes of its own. */

const offsetEntrySizeInBytes = 8
const timeEntrySizeInBytes = 12

export interface OffsetIndexEntry {
  /** Of the entry in the index file. */
  at: number
  /** The last offset of the batch that begins at the position. */
  offset: number
  /** In the log file. */
  position: number
}

export interface TimeIndexEntry {
  /** Of the entry in the index file. */
  at: number
  timestamp: number
  offset: number
}

/** Without the zeroes that an Apache Kafka which was killed leaves behind the last entry. */
export function offsetIndexEntries(content: Buffer, baseOffset: number): OffsetIndexEntry[] {
  const entries: OffsetIndexEntry[] = []
  for (let at = 0; at + offsetEntrySizeInBytes <= content.length; at += offsetEntrySizeInBytes) {
    entries.push({ at, offset: baseOffset + content.readInt32BE(at), position: content.readInt32BE(at + 4) })
  }
  while (entries.length > 0 && entries.at(-1)!.offset === baseOffset && entries.at(-1)!.position === 0) entries.pop()
  return entries
}

/** Without the zeroes that an Apache Kafka which was killed leaves behind the last entry. */
export function timeIndexEntries(content: Buffer, baseOffset: number): TimeIndexEntry[] {
  const entries: TimeIndexEntry[] = []
  for (let at = 0; at + timeEntrySizeInBytes <= content.length; at += timeEntrySizeInBytes) {
    const timestamp = Number(content.readBigInt64BE(at))
    entries.push({ at, timestamp, offset: baseOffset + content.readInt32BE(at + 8) })
  }
  while (entries.length > 0 && entries.at(-1)!.offset === baseOffset && entries.at(-1)!.timestamp === 0) entries.pop()
  return entries
}

/** Whether the file consists of whole entries. */
export function hasWholeEntries(content: Buffer, kind: 'index' | 'timeindex'): boolean {
  return content.length % (kind === 'index' ? offsetEntrySizeInBytes : timeEntrySizeInBytes) === 0
}
