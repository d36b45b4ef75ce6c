/**
 * One face for the Node clients that the shared suite runs through, so that each behaviour is written once and holds for
 * each client. The clients themselves are unmodified and keep their own defaults wherever a test does not say otherwise.
 */
export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** How long a member's fetch waits at the broker for records. */
export const FETCH_WAIT_MS = 200

export type RecordToSend = {
  key?: string | null
  value: string | null
  headers?: Record<string, string>
  /** Milliseconds since 1970. */
  timestamp?: number
  partition?: number
}

export type ReceivedRecord = {
  topic: string
  partition: number
  offset: number
  key: string | null
  value: string | null
  headers: Record<string, string>
  timestamp: number
}

export type MemberOptions = {
  groupId: string
  topic: string
  /** Its effect happens before the commit: a record is committed when this has resolved. */
  onRecord: (record: ReceivedRecord) => Promise<void> | void
  /** Called after the commit of the record was answered. */
  onCommitted?: (record: ReceivedRecord) => void
  sessionTimeoutMs?: number
}

export type GroupMember = {
  /** Partitions of the topic that this member has now. */
  partitions(): number[]
  /** Leaves the group in good order. */
  leave(): Promise<void>
}

export type Client = {
  createTopic(topic: string, partitions: number): Promise<void>
  /** Resolves when the broker has acknowledged all of them (acks=all). */
  send(topic: string, records: RecordToSend[], options?: { codec?: Codec; idempotent?: boolean }): Promise<void>
  /** Resolves when the member has joined and has its first assignment (which may be empty). Reads from the beginning. */
  join(options: MemberOptions): Promise<GroupMember>
  committedOffsets(groupId: string, topic: string): Promise<Map<number, number>>
  close(): Promise<void>
}

export type ClientKind = {
  name: string
  codecs: Codec[]
  connect(address: string): Promise<Client>
}
