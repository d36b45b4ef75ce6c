/**
 * One segment: a log file and its two indexes, all named by the base offset. Keeps the books of what is in the file (or queued for
 * it); it decides nothing. The active segment's indexes live in memory and go to their files when the segment is closed; a closed
 * segment's are read when first needed and rebuilt from the log where they are missing or don't fit.
 */

import { RecordBatch } from '@ottla/protocol'
import { batchHeaderSizeInBytes, isPlausibleHeader } from './batch-scan.ts'
import { writeNewFile } from './durable-file.ts'
import { type SegmentFileKind, segmentFileName } from './file-names.ts'
import type { File, FileSystem } from './file-system/file-system.ts'
import type { LogConfig } from './log-config.ts'
import { OffsetIndex } from './offset-index.ts'
import type { OpenFiles } from './open-files.ts'
import { scanBatches } from './segment-scan.ts'
import { StorageError } from './storage-error.ts'
import { TimeIndex, type TimestampOffset } from './time-index.ts'

export interface SegmentContext {
  fileSystem: FileSystem
  openFiles: OpenFiles
  /** The partition's directory. */
  directory: string
  config: LogConfig
}

export interface SegmentIndexes {
  offsetIndex: OffsetIndex
  timeIndex: TimeIndex
}

/** What an append changes beside the indexes, so that it can be taken back. */
export interface SegmentMark {
  sizeInBytes: number
  largestTimestamp: TimestampOffset | null
}

export class LogSegment {
  readonly baseOffset: number
  readonly createdMs: number
  /** Subtracted from `segment.ms`, so that many logs do not roll at once. */
  readonly rollJitterMs: number
  readonly #context: SegmentContext
  readonly #fileSuffix: string
  /** With what is queued. */
  sizeInBytes = 0
  /** What the file holds. */
  writtenBytes = 0
  /** Its end and its indexes are on the disk, it only serves reads. */
  isClosed = false
  /** The largest timestamp of the first batch: time-based rolling counts from it. */
  firstTimestamp: number | null = null
  /** Undefined while it has not been looked up in the time index. */
  #largestTimestamp: TimestampOffset | null | undefined
  #indexes: SegmentIndexes | undefined
  #loadingIndexes: Promise<SegmentIndexes> | undefined
  /** What the index files speak of that were read: below, an index entry is checked before it is used. */
  #uncheckedBytes = 0
  #bytesSinceIndexEntry = 0

  /** `fileSuffix`: behind the names of its files, of a segment that is not part of the log yet. */
  constructor(
    context: SegmentContext,
    {
      baseOffset,
      createdMs,
      rollJitterMs,
      fileSuffix = '',
    }: { baseOffset: number; createdMs: number; rollJitterMs: number; fileSuffix?: string },
  ) {
    this.#context = context
    this.#fileSuffix = fileSuffix
    this.baseOffset = baseOffset
    this.createdMs = createdMs
    this.rollJitterMs = rollJitterMs
  }

  /** The partition's. */
  get directory(): string {
    return this.#context.directory
  }

  get path(): string {
    return this.filePath('log')
  }

  filePath(kind: SegmentFileKind): string {
    return `${this.#context.directory}/${segmentFileName(this.baseOffset, kind)}${this.#fileSuffix}`
  }

  useFile<T>(work: (file: File) => Promise<T>): Promise<T> {
    return this.#context.openFiles.use(this.path, work)
  }

  /** A segment that begins empty. */
  startEmpty(): void {
    this.#indexes = this.#emptyIndexes()
  }

  get mark(): SegmentMark {
    return { sizeInBytes: this.sizeInBytes, largestTimestamp: this.#largestTimestamp ?? null }
  }

  get isFull(): boolean {
    const { offsetIndex, timeIndex } = this.#loadedIndexes()
    return offsetIndex.isFull || timeIndex.isFull
  }

  canHold(offset: number): boolean {
    return this.#loadedIndexes().offsetIndex.canHold(offset)
  }

  /** Enters a batch that goes to the end of the file into the books. Time counts where there are records: compaction leaves headers. */
  account(batch: RecordBatch): void {
    const { offsetIndex, timeIndex } = this.#loadedIndexes()
    const { maxTimestamp, lastOffset, sizeInBytes, recordCount } = batch
    if (!offsetIndex.canHold(lastOffset)) {
      throw new StorageError(
        `A record batch of offset ${batch.baseOffset} can't be in the segment of ${this.baseOffset}`,
        {
          path: this.path,
          positionInBytes: this.sizeInBytes,
          code: 'DAMAGED',
        },
      )
    }
    if (this.sizeInBytes === 0) this.firstTimestamp = maxTimestamp
    if (recordCount > 0 && maxTimestamp > (this.#largestTimestamp?.timestamp ?? -1)) {
      this.#largestTimestamp = { timestamp: maxTimestamp, offset: lastOffset }
    }
    if (this.#bytesSinceIndexEntry > this.#context.config.indexIntervalBytes && !offsetIndex.isFull) {
      offsetIndex.append(lastOffset, this.sizeInBytes)
      if (this.#largestTimestamp) timeIndex.maybeAppend(this.#largestTimestamp)
      this.#bytesSinceIndexEntry = 0
    }
    this.#bytesSinceIndexEntry += sizeInBytes
    this.sizeInBytes += sizeInBytes
  }

  /** Goes back to an earlier mark: what was accounted since then never reached the file. */
  revert({ sizeInBytes, largestTimestamp }: SegmentMark, endOffset: number): void {
    const { offsetIndex, timeIndex } = this.#loadedIndexes()
    this.sizeInBytes = sizeInBytes
    this.#largestTimestamp = largestTimestamp
    if (sizeInBytes === 0) this.firstTimestamp = null
    offsetIndex.truncate(sizeInBytes)
    timeIndex.truncate(endOffset)
    this.#bytesSinceIndexEntry = 0
  }

  /** Enters all that is in the file into the books anew. Resolves with the end offset (exclusive). Only while nothing is appended. */
  async rebuildBooks(): Promise<number> {
    this.startEmpty()
    this.sizeInBytes = 0
    let endOffset = this.baseOffset
    const everything = { fromPosition: 0, toPosition: this.writtenBytes }
    await this.useFile(file =>
      scanBatches(file, everything, batch => {
        this.account(batch)
        endOffset = batch.nextOffset
      }),
    )
    return endOffset
  }

  /** Null where the segment holds no timestamp. */
  async largestTimestamp(): Promise<TimestampOffset | null> {
    if (this.#largestTimestamp === undefined) {
      await this.indexes()
      if (this.isClosed) this.forgetIndexes() // of a thousand segments only this is needed
    }
    return this.#largestTimestamp ?? null
  }

  async indexes(): Promise<SegmentIndexes> {
    if (this.#indexes) return this.#indexes
    this.#loadingIndexes ??= this.#loadIndexes()
    try {
      return await this.#loadingIndexes
    } finally {
      this.#loadingIndexes = undefined
    }
  }

  /**
   * Where to begin to look for the offset: a batch at or before it starts there. What an index file says is compared with the log; a
   * closed segment's index that is wrong is made anew, the active one's is passed over.
   */
  async positionFor(offset: number): Promise<number> {
    if (offset <= this.baseOffset) return 0
    const { offsetIndex } = await this.indexes()
    const position = offsetIndex.lookup(offset)
    if (await this.#beginsAt(position, { maxBaseOffset: offset })) return position
    return this.isClosed ? (await this.#rebuildIndexes()).offsetIndex.lookup(offset) : 0
  }

  /** Where the last batch starts that the index knows. Only while nothing is appended. */
  async lastIndexedPosition(): Promise<number> {
    const { offsetIndex } = await this.indexes()
    const position = offsetIndex.lookupPosition(this.writtenBytes)
    if (await this.#beginsAt(position, { maxBaseOffset: Number.MAX_SAFE_INTEGER })) return position
    return (await this.#rebuildIndexes()).offsetIndex.lookupPosition(this.writtenBytes)
  }

  /** The offset from which records with this timestamp or a later one may be found; compared with the log like `positionFor`. */
  async offsetBeforeTimestamp(timestamp: number): Promise<number> {
    const { timeIndex } = await this.indexes()
    const entry = timeIndex.lookup(timestamp)
    if (!entry || (await this.#isTrue(entry))) return entry?.offset ?? this.baseOffset
    return (this.isClosed && (await this.#rebuildIndexes()).timeIndex.lookup(timestamp)?.offset) || this.baseOffset
  }

  /** Makes the indexes durable but for their names in the directory. Called when the segment is closed. */
  async writeIndexes(): Promise<void> {
    const { fileSystem } = this.#context
    const { offsetIndex, timeIndex } = this.#loadedIndexes()
    if (this.#largestTimestamp) timeIndex.appendLast(this.#largestTimestamp)
    await Promise.all([
      writeNewFile(fileSystem, this.filePath('index'), offsetIndex.bytes()),
      writeNewFile(fileSystem, this.filePath('timeindex'), timeIndex.bytes()),
    ])
  }

  /** Memory only: they are read again when needed. Not while they are being read: whoever waits for them is about to use them. */
  forgetIndexes(): void {
    if (this.#loadingIndexes === undefined) this.#indexes = undefined
  }

  #loadedIndexes(): SegmentIndexes {
    if (!this.#indexes) throw new Error(`the indexes of the active segment ${this.path} are not loaded`)
    return this.#indexes
  }

  async #loadIndexes(): Promise<SegmentIndexes> {
    const { fileSystem } = this.#context
    const [indexContent, timeIndexContent] = await Promise.all([
      fileSystem.readFile(this.filePath('index')),
      fileSystem.readFile(this.filePath('timeindex')),
    ])
    const options = { baseOffset: this.baseOffset, maxSizeInBytes: this.#context.config.segmentIndexBytes }
    const logSizeInBytes = this.writtenBytes
    const offsetIndex = indexContent && OffsetIndex.parse(indexContent, { ...options, logSizeInBytes })
    const timeIndex = timeIndexContent && TimeIndex.parse(timeIndexContent, options)
    if (!offsetIndex || !timeIndex) return this.#rebuildIndexes()
    this.#indexes = { offsetIndex, timeIndex }
    this.#uncheckedBytes = logSizeInBytes
    this.#largestTimestamp = timeIndex.last
    // A closed segment that holds anything has at least the last entry of its time index.
    const isComplete = timeIndex.last ? await this.#isTrue(timeIndex.last) : logSizeInBytes === 0
    return isComplete ? this.#indexes : this.#rebuildIndexes()
  }

  async #beginsAt(position: number, { maxBaseOffset }: { maxBaseOffset: number }): Promise<boolean> {
    if (position === 0 || position >= this.#uncheckedBytes) return true
    const header = await this.useFile(file => file.read(position, batchHeaderSizeInBytes))
    return (
      isPlausibleHeader(header, 0, { minBaseOffset: this.baseOffset }) &&
      new RecordBatch(header).baseOffset <= maxBaseOffset
    )
  }

  /** An entry names the last offset and the largest timestamp of one batch. */
  async #isTrue({ timestamp, offset }: TimestampOffset): Promise<boolean> {
    const fromPosition = await this.positionFor(offset)
    if (fromPosition >= this.#uncheckedBytes) return true
    const range = { fromPosition, toPosition: this.writtenBytes }
    let isTrue = false
    await this.useFile(file =>
      scanBatches(file, range, batch => {
        isTrue = batch.lastOffset === offset && batch.maxTimestamp === timestamp
        return batch.lastOffset < offset
      }),
    )
    return isTrue
  }

  async #rebuildIndexes(): Promise<SegmentIndexes> {
    const rebuilt = new LogSegment(this.#context, this)
    rebuilt.startEmpty()
    const everything = { fromPosition: 0, toPosition: this.writtenBytes }
    await this.useFile(file => scanBatches(file, everything, batch => rebuilt.account(batch)))
    const indexes = rebuilt.#loadedIndexes()
    this.#indexes = indexes
    this.#uncheckedBytes = 0
    this.#largestTimestamp = rebuilt.#largestTimestamp
    if (this.#largestTimestamp) indexes.timeIndex.appendLast(this.#largestTimestamp)
    return indexes
  }

  #emptyIndexes(): SegmentIndexes {
    const options = { baseOffset: this.baseOffset, maxSizeInBytes: this.#context.config.segmentIndexBytes }
    return { offsetIndex: new OffsetIndex(options), timeIndex: new TimeIndex(options) }
  }
}
