/**
 * What a test gets to work with: the whole public API of `startOttla()`, as types. Nothing here may name a type of another package:
 * these declarations are published as they are.
 */

/** pino's shape: a pino logger can be passed as it is. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface TopicOptions {
  /** Default 1. */
  partitions?: number
  /** Topic settings by Kafka's names: `{ 'retention.ms': '60000' }`. */
  configs?: Readonly<Record<string, string>>
  /** What is in the topic from the start. A topic that already has records (`from`, `dataDir`) is left as it is. */
  records?: readonly RecordInput[]
}

export interface StartOttlaOptions {
  /** Topics that are there from the start, by name. */
  topics?: Readonly<Record<string, TopicOptions>>
  /** A snapshot to begin with: what `snapshot()` returned, in this process or another. It is copied and stays as it is. */
  from?: string
  /** `HOST:PORT` to listen on. Default `127.0.0.1:0`: a free port of the system's choice. */
  listen?: string
  /** A directory that is kept. Default: a temporary one, removed by `stop()`. */
  dataDir?: string
  /** `fsync`: acknowledged means on the disk. Default `os`: the page cache is trusted, which is faster. */
  durability?: 'fsync' | 'os'
  /**
   * Broker settings by Kafka's names: `{ 'num.partitions': '3' }`. Three have another default here: `group.initial.rebalance.delay.ms` is 0,
   * so that a consumer group need not wait for more members; `offsets.topic.num.partitions` and `transaction.state.log.num.partitions` are 1.
   */
  settings?: Readonly<Record<string, string>>
  /** Default: nothing is logged. */
  logger?: Logger
}

export interface Ottla extends AsyncDisposable {
  /** What a client takes as its brokers: `['127.0.0.1:49321']`. */
  readonly brokers: string[]
  readonly host: string
  readonly port: number
  readonly dataDir: string
  /** The broker's time. */
  readonly clock: OttlaClock
  /** What goes wrong, on demand. */
  readonly faults: OttlaFaults
  /** Consumer groups. */
  readonly groups: OttlaGroups
  /**
   * Back to the state after the start: topics, records, groups, transactions, clock and faults. Connections stay open; requests under
   * way are answered as by a broker that restarts. Rejects for a directory that is kept (`dataDir`).
   */
  reset(): Promise<void>
  /**
   * Saves the whole state as a data directory and resolves with its path, for `startOttla({ from })`, here or in another process.
   * Default path: a temporary directory that `stop()` removes; a path of your own must not exist, and stays.
   */
  snapshot(options?: { path?: string }): Promise<string>
  /** A second broker that begins with the present state of this one, on a port and in a directory of its own. */
  fork(options?: Omit<StartOttlaOptions, 'from'>): Promise<Ottla>
  /** Stores records, without a client, and resolves with where they are. A missing topic is created if the settings say so. */
  produce(topic: string, records: RecordInput | readonly RecordInput[]): Promise<RecordPosition[]>
  /**
   * The records that are in the topic now, in the order of their timestamps, and within a partition of their offsets. With `follow`
   * those that come later, too, until the loop is left. Control records and aborted transactions are not shown.
   */
  records(topic: string, options?: ReadOptions): AsyncIterable<OttlaRecord>
  /**
   * Resolves with the first record for which the predicate is true; one that throws counts as false. The topic need not exist yet.
   * Rejects after `timeoutMs` (default 5,000) with an error that shows what did arrive.
   */
  waitFor(topic: string, predicate: (record: OttlaRecord) => boolean, options?: WaitOptions): Promise<OttlaRecord>
  /** Resolves when all is stopped and the temporary directories are gone. May be called more than once. */
  stop(): Promise<void>
}

export interface RecordInput {
  /** Default null. Records of one key go to one partition, the one that Kafka's own producers choose. */
  key?: string | Uint8Array | null
  /** Text and bytes as they are, null for a tombstone, anything else as JSON. */
  value: unknown
  headers?: Readonly<Record<string, string | Uint8Array>>
  /** Default: by the key; without one, one partition after the other. */
  partition?: number
  /** Milliseconds since 1970. Default: the broker's present. */
  timestamp?: number
}

export interface RecordPosition {
  partition: number
  offset: number
}

export interface OttlaRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since 1970. */
  readonly timestamp: number
  /** As UTF-8. */
  readonly key: string | null
  /** As UTF-8; null for a tombstone. */
  readonly value: string | null
  /** As UTF-8. Of several with one name, the last. */
  readonly headers: Readonly<Record<string, string>>
  readonly keyBytes: Uint8Array | null
  readonly valueBytes: Uint8Array | null
  /** The value, parsed. Throws where it is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: what JSON holds is the caller's to know, as with JSON.parse
  json(): any
}

export interface ReadOptions {
  /** Default: all. */
  partition?: number
  /** Default 0. */
  fromOffset?: number
  /** Goes on with what comes later; default false. */
  follow?: boolean
}

export interface WaitOptions {
  /** Default 5,000. Real time, whatever `clock` says. */
  timeoutMs?: number
}

export interface OttlaClock {
  /** The broker's time, in milliseconds since 1970. Runs by itself and begins with the real time. */
  now(): number
  /**
   * Moves the broker's time on: timers fire in their order, sessions and transactions time out, retention deletes, old producers are
   * forgotten, compaction runs. Resolves when that has been done. Clients stamp records by their own clocks.
   */
  advance(time: number | Duration): Promise<void>
}

/** Parts add up. */
export interface Duration {
  days?: number
  hours?: number
  minutes?: number
  seconds?: number
  milliseconds?: number
}

export interface OttlaGroups {
  /**
   * Resolves when the group has members and each has its partitions. `members`: exactly so many. Rejects after `timeoutMs`
   * (default 10,000) with an error that shows the group's state.
   */
  waitUntilStable(groupId: string, options?: WaitOptions & { members?: number }): Promise<GroupDescription>
  /**
   * Resolves when the group has committed past every record of the topics that it reads. Rejects after `timeoutMs` (default 10,000)
   * with an error that shows what is left.
   */
  waitUntilCaughtUp(groupId: string, options?: WaitOptions): Promise<GroupDescription>
  /** Undefined: there is no such group. */
  describe(groupId: string): GroupDescription | undefined
  /** Ids of all groups. */
  list(): string[]
}

export interface GroupDescription {
  readonly groupId: string
  /** Kafka's word for it: `Stable`, `PreparingRebalance`, `Empty` … */
  readonly state: string
  readonly members: readonly { memberId: string; clientId: string }[]
  /** Of topics that it reads or has committed offsets of. */
  readonly partitions: readonly PartitionProgress[]
}

export interface PartitionProgress {
  readonly topic: string
  readonly partition: number
  /** Null: nothing is committed. */
  readonly committedOffset: number | null
  /** The offset that the next record gets. */
  readonly endOffset: number
}

/** Which requests a fault is for. Each part that is left out is for all. */
export interface FaultScope {
  /** By Kafka's names: `Produce`, `Fetch`, `Heartbeat` … */
  api?: ApiName | readonly ApiName[]
  /** Only requests that name this topic. */
  topic?: string
  /** Only requests of clients that say they are this one. */
  clientId?: string
  /** How many of them, from now on. Default 1; `Infinity` for all until it is removed. */
  times?: number
}

export type ApiName =
  | 'Produce'
  | 'Fetch'
  | 'ListOffsets'
  | 'Metadata'
  | 'FindCoordinator'
  | 'JoinGroup'
  | 'SyncGroup'
  | 'Heartbeat'
  | 'LeaveGroup'
  | 'OffsetCommit'
  | 'OffsetFetch'
  | 'ConsumerGroupHeartbeat'
  | 'InitProducerId'
  | 'AddPartitionsToTxn'
  | 'EndTxn'
  | 'TxnOffsetCommit'
  | 'CreateTopics'
  | 'DeleteTopics'
  | (string & {})

export type FaultError =
  | 'NOT_LEADER_OR_FOLLOWER'
  | 'LEADER_NOT_AVAILABLE'
  | 'REQUEST_TIMED_OUT'
  | 'NOT_ENOUGH_REPLICAS'
  | 'KAFKA_STORAGE_ERROR'
  | 'MESSAGE_TOO_LARGE'
  | 'UNKNOWN_TOPIC_OR_PARTITION'
  | 'TOPIC_AUTHORIZATION_FAILED'
  | 'GROUP_AUTHORIZATION_FAILED'
  | 'NOT_COORDINATOR'
  | 'COORDINATOR_NOT_AVAILABLE'
  | 'COORDINATOR_LOAD_IN_PROGRESS'
  | 'REBALANCE_IN_PROGRESS'
  | 'ILLEGAL_GENERATION'
  | 'UNKNOWN_MEMBER_ID'
  | 'OFFSET_OUT_OF_RANGE'
  | 'INVALID_PRODUCER_EPOCH'
  | 'UNKNOWN_SERVER_ERROR'
  | (string & {})

export interface Fault {
  /** How often it has happened. */
  readonly count: number
  /** Resolves when it has happened `times` times (at once or later), or was removed. */
  readonly done: Promise<void>
  /** It happens no more; requests that it holds go on. */
  remove(): void
}

/** All of them are undone by `reset()` and by `clear()`. The first one that fits a request is the one that happens. */
export interface OttlaFaults {
  /** Answers with an error, as the API says it, and does nothing. Of a request that names several topics, all are refused. */
  fail(scope: FaultScope & { error: FaultError }): Fault
  /** Waits before it acts; requests behind it on the same connection wait, too. Real time. */
  delay(scope: FaultScope & { delayMs: number }): Fault
  /** Waits before it acts until the fault is removed. */
  hold(scope: FaultScope): Fault
  /** Neither acts nor answers: the client's own timeout has to end it. */
  drop(scope: FaultScope): Fault
  /** Cuts the connection instead of acting. */
  disconnect(scope: FaultScope): Fault
  /** Acts, stores what is to be stored, then cuts the connection instead of answering. */
  loseAnswer(scope: FaultScope): Fault
  /** From now on nothing more can be written: appends fail with KAFKA_STORAGE_ERROR, reads go on. */
  fillDisk(): void
  /** There is room again. */
  freeDisk(): void
  /** Ends the broker as `kill -9` ends a process: nothing more is stored, connections break, the port is closed. */
  kill(): Promise<void>
  /** Starts the broker again on its port and on what the kill left behind (or stops it in order first). */
  restart(): Promise<void>
  /** Undoes all faults but a kill. */
  clear(): void
}
