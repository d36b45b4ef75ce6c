/**
 * One partition's log: what the broker talks to. Appends are synchronous in memory and stored by the writer; nobody reads past the
 * high watermark, which is what is flushed (with durability `os`: what is written). Every change of an offset passes one function,
 * which asserts
 *
 *     log start offset <= last stable offset <= high watermark <= log end offset
 *
 * Never does: try failed I/O again, parse records on the way in, answer before the disk has answered.
 * Longer than other files because the parts of a log meet here; each part has a file of its own.
 */

import { CorruptBatchError, KafkaError, type RecordBatch } from '@ottla/protocol'
import { type HeldPartition, linkFiles } from './backup/held-files.ts'
import { recordBatchEndOffset, recordBatchSizeInBytes } from './batch-scan.ts'
import type { LastOfProducer } from './compaction/cleaned-batch.ts'
import type { CleanedSegment } from './compaction/segment-cleaner.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { LogConfig } from './log-config.ts'
import type { LogContext } from './log-context.ts'
import { LogReader } from './log-reader.ts'
import type { AppendResult, ReadOptions, ReadResult } from './log-results.ts'
import { LogSegment, type SegmentContext } from './log-segment.ts'
import { LogWriter, type WriteOperation, type WrittenLog } from './log-writer.ts'
import { OffsetWaiters, type WaitCallback } from './offset-waiters.ts'
import { PartitionFiles } from './partition-files.ts'
import { formatProducerSnapshot } from './producer-snapshot.ts'
import type { ProducerBatch, ProducerEntry, ProducerState } from './producer-state.ts'
import { type AppendOrigin, validateRecords } from './record-validation.ts'
import { countBeyondRetentionBytes, isTooOld } from './retention.ts'
import { shouldRoll } from './roll-policy.ts'
import { SegmentList } from './segment-list.ts'
import { renameCleanedToSwap } from './segment-swap.ts'
import { SnapshotFiles } from './snapshot-files.ts'
import { asKafkaError, StorageError } from './storage-error.ts'
import { CachedTail } from './tail-cache.ts'
import { findLargestTimestamp, findTimestamp, type TimestampedOffset } from './timestamp-search.ts'
import type { AbortedTransaction } from './transaction-index.ts'
import { readTransactionIndex } from './transaction-index-file.ts'

/** What opening (or creating) a partition's directory has found there. */
export interface LogContent {
  /** Ascending, at least one; the last one's indexes are loaded. */
  segments: LogSegment[]
  logStartOffset: number
  logEndOffset: number
  /** Where the newest producer snapshot stands, -1 without one. */
  snapshotOffset: number
  producers: ProducerState
  leaderEpochs: LeaderEpochs
  /** The leader epochs in memory differ from those in the file. */
  areLeaderEpochsNew: boolean
}

export interface PartitionLogOptions {
  context: LogContext
  segmentContext: SegmentContext
  topic: string
  partition: number
  topicId: string
  content: LogContent
  /** Compaction has reached so far, as the checkpoint says. */
  cleanedOffset?: number | undefined
  /** The partition could not be opened, and is there only to say so. */
  offlineReason?: StorageError
}

export class PartitionLog {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly #context: LogContext
  readonly #segmentContext: SegmentContext
  readonly #producers: ProducerState
  readonly #leaderEpochs: LeaderEpochs
  readonly #files: PartitionFiles
  readonly #tail: CachedTail
  readonly #reader = new LogReader()
  readonly #writer: LogWriter
  readonly #writtenWaiters = new OffsetWaiters()
  readonly #durableWaiters = new OffsetWaiters()
  readonly #listeners = new Set<() => void>()
  readonly #segments: SegmentList
  #logStartOffset: number
  #highWatermark: number
  #logEndOffset: number
  /** Everything below is flushed, with its indexes: recovery may trust it. */
  #recoveryPoint: number
  #logStartOffsetToStore: number
  #cleanedOffset: number
  #compaction: { controller: AbortController; done: Promise<unknown> } | undefined
  #hasChanged = false
  /** Said once, not for each append that fails. */
  #isDiskFull = false
  /** Removing and exchanging segments: one after the other. Never rejects. */
  #fileWork: Promise<unknown> = Promise.resolve()
  #offlineReason: StorageError | undefined
  /** What every further call is answered with: the partition is offline, deleted or closed. */
  #refusal: KafkaError | undefined

  /** What clients have appended and been given since this was opened. */
  readonly traffic = { bytesIn: 0, recordsIn: 0, bytesOut: 0 }

  constructor(options: PartitionLogOptions) {
    const { context, segmentContext, topic, partition, topicId, content, cleanedOffset = 0, offlineReason } = options
    this.topic = topic
    this.partition = partition
    this.topicId = topicId
    this.#context = context
    this.#segmentContext = segmentContext
    this.#segments = new SegmentList(content.segments)
    this.#producers = content.producers
    this.#producers.onFlushed(content.logEndOffset) // what was found is flushed
    this.#leaderEpochs = content.leaderEpochs
    this.#files = new PartitionFiles({ segmentContext, ...content, aborted: content.producers.aborted })
    this.#logStartOffset = content.logStartOffset
    this.#logStartOffsetToStore = content.logStartOffset
    this.#highWatermark = content.logEndOffset
    this.#recoveryPoint = content.logEndOffset
    this.#cleanedOffset = cleanedOffset
    this.#logEndOffset = content.logEndOffset
    this.#offlineReason = offlineReason
    this.#refusal = offlineReason && asKafkaError(offlineReason)
    const { tailCache: cache, flusher, unwritten } = context
    this.#writer = new LogWriter({ log: this.#storage(), flusher, unwritten, endOffset: content.logEndOffset })
    this.#tail = new CachedTail({ cache, writtenEndOffset: () => this.#writer.writtenEndOffset })
  }

  get config(): LogConfig {
    return this.#segmentContext.config
  }

  updateConfig(config: LogConfig): void {
    this.#segmentContext.config = config
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  /** The end (exclusive) of what is flushed: consumers see nothing at or beyond it. */
  get highWatermark(): number {
    return this.#highWatermark
  }

  /** The end (exclusive) of what is flushed and does not wait for the end of a transaction: `read_committed` sees nothing beyond. */
  get lastStableOffset(): number {
    return Math.min(this.#highWatermark, Math.max(this.#producers.firstUnstableOffset, this.#logStartOffset))
  }

  /** The offset that the next record gets. */
  get logEndOffset(): number {
    return this.#logEndOffset
  }

  get leaderEpoch(): number {
    return this.#leaderEpochs.latest
  }

  /** Of the first record that is left. */
  get earliestLeaderEpoch(): number {
    return this.#leaderEpochs.entries[0]?.epoch ?? -1
  }

  get recoveryPoint(): number {
    return this.#recoveryPoint
  }

  /** What the log start checkpoint has to say: ahead of `logStartOffset` while a deletion is under way. */
  get logStartOffsetToStore(): number {
    return this.#logStartOffsetToStore
  }

  get isOffline(): boolean {
    return this.#offlineReason !== undefined
  }

  get offlineReason(): StorageError | undefined {
    return this.#offlineReason
  }

  get sizeInBytes(): number {
    return this.#segments.all.reduce((sum, segment) => sum + segment.sizeInBytes, 0)
  }

  get segmentCount(): number {
    return this.#segments.all.length
  }

  /** Oldest first, the last one is active. */
  get segments(): readonly LogSegment[] {
    return this.#segments.all
  }

  /** Below it compaction is complete. Not checked against the log, which may have been cut or deleted from since. */
  get cleanedOffset(): number {
    return this.#cleanedOffset
  }

  /** What is known of a producer here; it may be too long ago. */
  producer(producerId: number): ProducerEntry | undefined {
    return this.#producers.get(producerId)
  }

  activeProducers(): Iterable<ProducerEntry> {
    return this.#producers.entries()
  }

  /**
   * Validates, gives offsets and queues the bytes, which belong to the log from then on. All batches of the buffer or none.
   * Throws KafkaError (see record-validation.ts and producer-state.ts; KAFKA_STORAGE_ERROR while offline).
   */
  append(records: Buffer, { origin }: { origin: AppendOrigin }): AppendResult {
    this.#assertOnline()
    if (origin === 'client') this.#assertKeepsUp()
    const { config } = this
    const { clock, maxDecompressedBytes } = this.#context
    const nowMs = clock.now()
    const batches = validateRecords(records, { config, origin, nowMs, maxDecompressedBytes, log: this })
    for (const batch of batches) {
      if (batch.producerId < 0) continue
      const original = origin === 'client' && this.#producers.findDuplicate(batch)
      if (original) return this.#duplicate(original)
      this.#producers.check(batch, { checkSequence: origin === 'client' })
    }
    const baseOffset = this.#logEndOffset
    for (const batch of batches) this.#appendBatch(batch, nowMs)
    if (origin === 'client') {
      this.traffic.bytesIn += records.length
      this.traffic.recordsIn += this.#logEndOffset - baseOffset
    }
    return {
      baseOffset,
      lastOffset: this.#logEndOffset - 1,
      nextOffset: this.#logEndOffset,
      logAppendTimeMs: config.messageTimestampType === 'LogAppendTime' ? nowMs : -1,
      logStartOffset: this.#logStartOffset,
      isDuplicate: false,
    }
  }

  /** Calls back when all below the offset (exclusive) is handed to the operating system; at once (before returning) if it is. */
  whenWritten(offset: number, callback: WaitCallback): void {
    if (this.#refusal) callback(this.#refusal)
    else if (offset <= this.#writer.writtenEndOffset) callback()
    else this.#writtenWaiters.add(offset, callback)
  }

  /** Calls back when the high watermark has reached the offset; at once (before returning) if it has. */
  whenDurable(offset: number, callback: WaitCallback): void {
    if (offset <= this.#highWatermark) callback()
    else if (this.#refusal) callback(this.#refusal)
    else this.#durableWaiters.add(offset, callback)
  }

  /** Everything appended so far is durable when it resolves. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.whenDurable(this.#logEndOffset, error => (error ? reject(error) : resolve()))
    })
  }

  /** Tells when the high watermark (or the last stable offset) moves, and when the partition goes offline. Returns the way out. */
  onHighWatermark(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Synchronous when the tail in memory has it. Empty at the end. Throws (or rejects with) KafkaError OFFSET_OUT_OF_RANGE below the log
   * start and beyond the log end, KAFKA_STORAGE_ERROR where the file can't be read.
   */
  read({ fromOffset, maxBytes, minOneBatch, isolation }: ReadOptions): ReadResult | Promise<ReadResult> {
    this.#assertOnline()
    this.#assertInRange(fromOffset)
    const endOffset = this.#endOffsetFor(isolation)
    const { highWatermark, lastStableOffset, logStartOffset } = this
    const result = (records: Buffer[]): ReadResult => {
      let sizeInBytes = 0
      for (const { length } of records) sizeInBytes += length
      const read = { records, sizeInBytes, highWatermark, lastStableOffset, logStartOffset }
      if (isolation !== 'lastStableOffset') return read
      // Nothing was read: nothing of it is aborted.
      const abortedTransactions =
        sizeInBytes > 0 ? this.#producers.aborted.overlapping(fromOffset, endOffsetOf(records.at(-1)!)) : []
      return { ...read, abortedTransactions }
    }
    if (fromOffset >= endOffset) return result([])
    const options = { fromOffset, endOffset, maxBytes, minOneBatch }
    const cached = this.#tail.read(options)
    if (cached) return result(cached)
    return this.#segments
      .read(segments =>
        this.#context.reads.run(() => {
          this.#assertOnline() // it may have waited for its turn
          return this.#reader.read(segments, options)
        }),
      )
      .then(result, error => {
        this.#assertInRange(fromOffset) // what was to be read may have been deleted meanwhile
        throw this.#failedRead(error)
      })
  }

  /** The first record below the high watermark with this timestamp (ms) or a later one. */
  offsetForTimestamp(timestampMs: number): Promise<TimestampedOffset | null> {
    return this.#search((segments, options) => findTimestamp(segments, timestampMs, options))
  }

  /** The first record with the largest timestamp, as of what is appended now; waits until that is durable. */
  async maxTimestamp(): Promise<TimestampedOffset | null> {
    await this.flush()
    return this.#search(findLargestTimestamp)
  }

  /** Where the epoch ended (OffsetForLeaderEpoch); -1 and -1 for an epoch that is not known. */
  endOffsetForEpoch(epoch: number): { leaderEpoch: number; endOffset: number } {
    return this.#leaderEpochs.endOffsetFor(epoch, this.#highWatermark)
  }

  /**
   * Moves the log start to the offset and resolves with it once that is durable; files go when nothing in them is left. Does nothing
   * below the log start. Rejects with OFFSET_OUT_OF_RANGE beyond the high watermark.
   */
  async deleteRecordsBefore(offset: number): Promise<number> {
    this.#assertOnline()
    if (offset > this.#highWatermark || offset < 0) throw outOfRange(this, offset)
    try {
      if (offset > this.#logStartOffset) await this.#moveLogStart(offset)
    } catch (error) {
      throw error instanceof StorageError ? asKafkaError(error) : error
    }
    return this.#logStartOffset
  }

  /**
   * Removes segments that `retention.ms` and `retention.bytes` give up. To be called from time to time. Rejects with a StorageError when
   * the new log start could not be stored: then nothing was removed.
   */
  async enforceRetention(): Promise<void> {
    if (this.#refusal) return
    await this.#removeSegments()
    const nowMs = this.#context.clock.now()
    const expired = await this.#findExpiredSegments(nowMs)
    if (expired.length === 0 || !this.#segments.contains(expired)) return
    if (expired.length === this.#segments.all.length) this.#roll(nowMs)
    const newStartOffset = this.#segments.all[expired.length]?.baseOffset ?? this.#logStartOffset
    await this.#writer.whenIdle()
    if (this.#refusal || newStartOffset > this.#highWatermark || newStartOffset <= this.#logStartOffset) return
    this.#context.logger.info(
      { topic: this.topic, partition: this.partition, from: this.#logStartOffset, to: newStartOffset },
      'deleting expired segments',
    )
    await this.#moveLogStart(newStartOffset)
  }

  /**
   * Runs `work`, which compacts this log, unless that is under way or the log takes nothing any more. The signal aborts when the log is
   * closed or deleted, which then waits for `work` to settle.
   */
  async compact(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#refusal || this.#compaction) return
    const controller = new AbortController()
    const running = work(controller.signal)
    this.#compaction = { controller, done: running.catch(() => undefined) } // told to the caller
    try {
      await running
    } finally {
      this.#compaction = undefined
    }
  }

  /**
   * Puts what compaction has written in the place of the segments it was made of. False when these are not in the log any more (deleted
   * meanwhile): nothing is done then. Rejects with a StorageError, and the partition is offline, where the disk fails.
   */
  replaceSegments(former: readonly LogSegment[], cleaned: CleanedSegment): Promise<boolean> {
    const exchange = this.#fileWork.then(() => this.#exchangeSegments(former, cleaned))
    this.#fileWork = exchange.catch(() => undefined) // told to the caller
    return exchange
  }

  /**
   * Holds the log's files as of this call, to give them second names in `target`: what is flushed now, and nothing that is appended,
   * compacted or deleted later. One of `link` and `letGo` has to be called.
   */
  holdFiles(target: string): HeldPartition {
    const { topic, partition, logStartOffset, highWatermark: endOffset, cleanedOffset } = this
    const turn = Promise.withResolvers<boolean>()
    const held = this.#fileWork.then(async () => {
      const isWanted = await turn.promise
      if (isWanted) await linkFiles({ ...this.#segmentContext, segments: this.#segments.all, endOffset, target })
    })
    this.#fileWork = held.catch(() => undefined) // told to the caller
    const link = () => {
      turn.resolve(true)
      return held
    }
    return { topic, partition, logStartOffset, endOffset, cleanedOffset, link, letGo: () => turn.resolve(false) }
  }

  /** Snapshots of this log, which its user takes and reads. */
  get snapshots(): SnapshotFiles {
    const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
      const done = this.#fileWork.then(work)
      this.#fileWork = done.catch(() => undefined) // told to the caller
      return done
    }
    return new SnapshotFiles({ ...this.#segmentContext, inOrder })
  }

  /** Compaction is complete below the offset. */
  noteCleaned(offset: number): void {
    this.#cleanedOffset = offset
  }

  /** Of which a record may lie below the offset, be the marker behind it. */
  abortedTransactionsBelow(offset: number): AbortedTransaction[] {
    return this.#producers.aborted.overlapping(0, offset)
  }

  /** What the last batches of each producer are that is still known. */
  lastOfProducers(): Map<number, LastOfProducer> {
    const last = new Map<number, LastOfProducer>()
    for (const { producerId, producerEpoch, batches } of this.#producers.entries()) {
      last.set(producerId, { producerEpoch, lastOffsets: batches.map(({ lastOffset }) => lastOffset) })
    }
    return last
  }

  /** Lets go of what can be had again: producers that have long been silent, indexes of closed segments. */
  expireState(): void {
    const { clock, producerIdExpirationMs: expirationMs } = this.#context
    this.#producers.expire({ nowMs: clock.now(), expirationMs })
    for (const segment of this.#segments.all) if (segment.isClosed) segment.forgetIndexes()
  }

  /** Stores everything, so that the next start needs no scan, and takes no more. Rejects with a StorageError when that failed. */
  async close(): Promise<void> {
    this.#refusal ??= new KafkaError('KAFKA_STORAGE_ERROR', 'The log is closed')
    await this.#stopCompaction()
    await this.#writer.whenIdle()
    await this.#fileWork
    if (!this.#offlineReason && (this.#hasChanged || this.#files.areLeaderEpochsNew)) await this.#storeForCleanStart()
    await this.#release()
  }

  /** The partition is being deleted: refuses everything from now on, stores nothing more, lets go of the files. */
  async detach(): Promise<void> {
    const gone = new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `${this.topic}-${this.partition} has been deleted`)
    this.#refusal = gone
    this.#failWaiters(gone)
    await this.#stopCompaction()
    await this.#writer.whenIdle()
    await this.#fileWork
    await this.#release()
  }

  async #stopCompaction(): Promise<void> {
    this.#compaction?.controller.abort()
    await this.#compaction?.done
  }

  async #release(): Promise<void> {
    this.#tail.clear()
    for (const segment of this.#segments.all) await this.#context.openFiles.close(segment.path)
  }

  async #storeForCleanStart(): Promise<void> {
    const active = this.#activeSegment
    if (this.#context.durability === 'os') await active.useFile(file => file.datasync())
    const snapshot = formatProducerSnapshot(this.#producers.entries())
    await this.#files.storeForCleanStart(active, { endOffset: this.#logEndOffset, snapshot })
    this.#recoveryPoint = this.#logEndOffset
  }

  /** From the oldest on; all of them where every record is too old. */
  #findExpiredSegments(nowMs: number): Promise<readonly LogSegment[]> {
    return this.#segments.read(async segments => {
      let tooOld = 0
      for (const segment of segments) {
        if (segment.sizeInBytes === 0) break
        const largestTimestamp = await segment.largestTimestamp()
        if (!isTooOld(largestTimestamp?.timestamp ?? segment.createdMs, this.config, nowMs)) break
        tooOld++
      }
      const sizesInBytes = segments.map(segment => segment.sizeInBytes)
      return segments.slice(0, Math.max(tooOld, countBeyondRetentionBytes(sizesInBytes, this.config)))
    })
  }

  get #activeSegment(): LogSegment {
    return this.#segments.active
  }

  #duplicate(original: ProducerBatch): AppendResult {
    return {
      baseOffset: original.baseOffset,
      lastOffset: original.lastOffset,
      nextOffset: original.lastOffset + 1,
      logAppendTimeMs: original.maxTimestamp, // also where the client set the time: Kafka's answer
      logStartOffset: this.#logStartOffset,
      isDuplicate: true,
    }
  }

  #appendBatch(batch: RecordBatch, nowMs: number): void {
    batch.setBaseOffset(this.#logEndOffset)
    batch.setPartitionLeaderEpoch(this.#leaderEpochs.latest)
    if (shouldRoll({ segment: this.#activeSegment, batch, config: this.config, nowMs })) this.#roll(nowMs)
    const segment = this.#activeSegment
    const segmentBefore = segment.mark
    const { buffer, position, sizeInBytes, baseOffset, nextOffset: endOffset, producerId } = batch
    const received = buffer.subarray(position, position + sizeInBytes)
    const bytes = this.#tail.append({ bytes: received, baseOffset, endOffset })
    segment.account(batch)
    const producerBefore = producerId >= 0 ? this.#producers.record(batch) : undefined
    this.#hasChanged = true
    this.#setOffsets({ logEndOffset: endOffset })
    const undo = { segmentBefore, producerId, producerBefore }
    this.#writer.enqueue({ kind: 'batch', bytes, baseOffset, endOffset, segment, ...undo })
  }

  #roll(nowMs: number): void {
    const { random } = this.#context
    const closed = this.#activeSegment
    if (closed.sizeInBytes === 0 && closed.baseOffset === this.#logEndOffset) return
    const rollJitterMs = Math.floor(random() * Math.min(this.config.segmentJitterMs, this.config.segmentMs))
    const opened = new LogSegment(this.#segmentContext, {
      baseOffset: this.#logEndOffset,
      createdMs: nowMs,
      rollJitterMs,
    })
    opened.startEmpty()
    this.#segments.push(opened)
    this.#tail.endChunk()
    this.#hasChanged = true
    const snapshot = formatProducerSnapshot(this.#producers.entries())
    this.#writer.enqueue({ kind: 'roll', closed, opened, snapshot })
  }

  /** The writer's view of this log. */
  #storage(): WrittenLog {
    const files = this.#files
    const { durability } = this.#context
    return {
      durability,
      writeMetadata: () => files.writeLeaderEpochs(),
      closeSegment: async roll => {
        await files.closeSegment(roll)
        this.#recoveryPoint = Math.max(this.#recoveryPoint, roll.opened.baseOffset)
      },
      abandonRoll: roll => files.abandonRoll(roll),
      flushNames: () => files.flushNames(),
      onWritten: endOffset => this.#writtenWaiters.advance(endOffset),
      onFlushed: endOffset => {
        this.#isDiskFull = false
        if (durability === 'fsync') this.#recoveryPoint = endOffset
        if (endOffset === this.#highWatermark) return
        this.#setOffsets({ highWatermark: endOffset })
        this.#producers.onFlushed(endOffset)
        this.#durableWaiters.advance(endOffset)
        this.#notifyListeners()
      },
      takeBack: (operations, error) => this.#takeBack(operations, error),
      onFailure: error => this.#goOffline(error),
    }
  }

  #takeBack(operations: WriteOperation[], error: StorageError): void {
    let endOffset = this.#logEndOffset
    for (const operation of operations.toReversed()) {
      if (operation.kind === 'roll') {
        this.#segments.pop()
        continue
      }
      endOffset = operation.baseOffset
      operation.segment.revert(operation.segmentBefore, endOffset)
      if (operation.producerId >= 0) this.#producers.restore(operation.producerId, operation.producerBefore)
    }
    this.#producers.truncate(endOffset)
    this.#tail.truncate(endOffset)
    this.#reader.forget()
    this.#setOffsets({ logEndOffset: endOffset })
    if (!this.#isDiskFull) {
      this.#isDiskFull = true
      this.#context.logger.error(
        { topic: this.topic, partition: this.partition, logEndOffset: endOffset, error: error.message },
        'the disk is full: appends fail until there is room, reads go on',
      )
    }
    this.#writtenWaiters.failAbove(endOffset, asKafkaError(error))
    this.#durableWaiters.failAbove(endOffset, asKafkaError(error))
  }

  #goOffline(error: StorageError): void {
    this.#offlineReason = error
    this.#refusal ??= asKafkaError(error)
    this.#tail.clear()
    this.#context.logger.error(
      { topic: this.topic, partition: this.partition, error: error.message },
      'partition taken offline: its storage failed, it needs an operator',
    )
    this.#failWaiters(this.#refusal)
  }

  #failWaiters(error: KafkaError): void {
    this.#writtenWaiters.failAbove(-1, error)
    this.#durableWaiters.failAbove(-1, error)
    this.#notifyListeners()
  }

  /**
   * Bytes that can't be read or are not what was written: reported with their place. Records that no client should have sent, since
   * nobody looks into a batch when it comes: CORRUPT_MESSAGE. The rest of the log is still served.
   */
  #failedRead(error: unknown): unknown {
    if (error instanceof CorruptBatchError) {
      return new KafkaError(
        'CORRUPT_MESSAGE',
        `Records of ${this.topic}-${this.partition} can't be decoded: ${error.message}`,
      )
    }
    if (!(error instanceof StorageError)) return error
    this.#context.logger.error({ topic: this.topic, partition: this.partition, error: error.message }, 'a read failed')
    return asKafkaError(error)
  }

  async #search(
    search: (
      segments: readonly LogSegment[],
      options: Parameters<typeof findTimestamp>[2],
    ) => Promise<TimestampedOffset | null>,
  ) {
    this.#assertOnline()
    const { maxDecompressedBytes } = this.#context
    try {
      const options = { logStartOffset: this.#logStartOffset, endOffset: this.#highWatermark, maxDecompressedBytes }
      return await this.#segments.read(segments => search(segments, options))
    } catch (error) {
      throw this.#failedRead(error)
    }
  }

  /** First what is answered is made durable, then files go: a crash in between leaves too much, never too little. */
  async #moveLogStart(offset: number): Promise<void> {
    this.#logStartOffsetToStore = Math.max(this.#logStartOffsetToStore, offset)
    await this.#context.storeLogStartOffsets()
    if (offset > this.#logStartOffset) this.#setOffsets({ logStartOffset: offset })
    this.#leaderEpochs.truncateFromStart(this.#logStartOffset)
    this.#files.noteLeaderEpochsChanged()
    await this.#removeSegments()
  }

  #removeSegments(): Promise<void> {
    const removal = this.#fileWork.then(() => this.#removeSegmentsBelowLogStart())
    this.#fileWork = removal
    return removal
  }

  async #removeSegmentsBelowLogStart(): Promise<void> {
    // What an offline log believes need not be what its disk holds: nothing of it is removed. The next start goes on.
    if (this.#refusal) return
    const gone = this.#segments.removeBelow(this.#logStartOffset)
    if (gone.length === 0) return
    this.#producers.aborted.removeBelow(this.#logStartOffset)
    try {
      this.#removeLater(await this.#files.markForDeletion(gone))
    } catch (error) {
      this.#reportLeftover(error)
    }
  }

  #removeLater(paths: readonly string[]): void {
    const { fileSystem, timers } = this.#context
    timers.after(this.config.fileDeleteDelayMs, () => {
      for (const path of paths) fileSystem.remove(path).catch(error => this.#reportLeftover(error))
    })
  }

  async #exchangeSegments(former: readonly LogSegment[], cleaned: CleanedSegment): Promise<boolean> {
    if (this.#refusal || !this.#segments.contains(former)) return false
    const { baseOffset, sizeInBytes } = cleaned
    const { createdMs } = former.at(-1)!
    const replacement = new LogSegment(this.#segmentContext, { baseOffset, createdMs, rollJitterMs: 0 })
    replacement.sizeInBytes = sizeInBytes
    replacement.writtenBytes = sizeInBytes
    replacement.isClosed = true
    try {
      await renameCleanedToSwap(this.#segmentContext, cleaned)
      await this.#segments.exchange(former, replacement, async () => {
        this.#removeLater(await this.#files.markForDeletion(former.slice(1)))
        await this.#files.moveSwapInPlace(cleaned)
      })
      const endOffset = this.#segments.endOffsetOf(replacement)
      const kept = await readTransactionIndex(this.#segmentContext, { segment: replacement, endOffset })
      if (kept) this.#producers.aborted.replaceWithin(baseOffset, endOffset, kept)
    } catch (error) {
      // What is on the disk is one or the other, but which one only the next start can tell.
      if (error instanceof StorageError) this.#goOffline(error)
      throw error
    }
    this.#reader.forget()
    this.#tail.dropBelow(this.#segments.endOffsetOf(replacement))
    return true
  }

  /** Files that could not be removed are below the log start: they cost room, and are found again after the next start. */
  #reportLeftover(error: unknown): void {
    if (!(error instanceof StorageError)) throw error
    const { topic, partition } = this
    this.#context.logger.warn(
      { topic, partition, error: error.message },
      'a file of deleted records could not be removed',
    )
  }

  #endOffsetFor(isolation: ReadOptions['isolation']): number {
    if (isolation === 'logEnd') return this.#logEndOffset
    return isolation === 'lastStableOffset' ? this.lastStableOffset : this.#highWatermark
  }

  #setOffsets(change: { logStartOffset?: number; highWatermark?: number; logEndOffset?: number }): void {
    const { logStartOffset = this.#logStartOffset } = change
    const { highWatermark = this.#highWatermark, logEndOffset = this.#logEndOffset } = change
    if (!(logStartOffset <= highWatermark && highWatermark <= logEndOffset && logStartOffset >= this.#logStartOffset)) {
      throw new Error(
        `offsets of ${this.topic}-${this.partition} out of order: log start ${logStartOffset} (was ${this.#logStartOffset}), ` +
          `high watermark ${highWatermark}, log end ${logEndOffset}`,
      )
    }
    this.#logStartOffset = logStartOffset
    this.#highWatermark = highWatermark
    this.#logEndOffset = logEndOffset
  }

  #notifyListeners(): void {
    for (const listener of this.#listeners) listener()
  }

  #assertOnline(): void {
    if (this.#refusal) throw this.#refusal
  }

  #assertKeepsUp(): void {
    const { isUsedUp, bytes } = this.#context.unwritten
    if (isUsedUp) throw new KafkaError('KAFKA_STORAGE_ERROR', `The disk does not keep up: ${bytes} bytes wait for it`)
  }

  #assertInRange(offset: number): void {
    if (offset < this.#logStartOffset || offset > this.#logEndOffset) throw outOfRange(this, offset)
  }
}

/** Of whole batches, at least one. */
function endOffsetOf(records: Buffer): number {
  let last = 0
  for (let at = 0; at < records.length; at += recordBatchSizeInBytes(records, at)) last = at
  return recordBatchEndOffset(records, last)
}

function outOfRange({ topic, partition, logStartOffset, highWatermark }: PartitionLog, offset: number): KafkaError {
  return new KafkaError(
    'OFFSET_OUT_OF_RANGE',
    `Offset ${offset} of ${topic}-${partition} is not within ${logStartOffset} and ${highWatermark}`,
  )
}
