/** The log as the page draws it: partitions with their offsets, and how far each group has read. */

/** A record in the stream: enough to draw it. `type` is '' when it is no event of ours. */
export type StreamedRecord = { partition: number; offset: number; type: string; subject: string; at: number }

/** A record, whole. */
export type RecordDetail = StreamedRecord & {
  topic: string
  headers: Record<string, string>
  /** The value as text; null is a tombstone. */
  value: string | null
}

export type PartitionView = { partition: number; start: number; end: number }

export type GroupPosition = { topic: string; partition: number /** The next offset it reads. */; offset: number }

export type GroupView = {
  group: string
  positions: GroupPosition[]
  lag: number
  /** The age of the oldest record that it has not handled; 0 when there is none, null when it can't be said now. */
  lagSeconds: number | null
}

export type LogView = {
  topics: { topic: string; partitions: PartitionView[] }[]
  groups: GroupView[]
  /** All that was ever written to the shop's topics. */
  events: number
}
