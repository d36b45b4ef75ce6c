/**
 * The labour of compacting one log, on files alone: first the new part is read into an offset map, then groups of segments are written
 * anew beside the old ones, as `.cleaned`, without what has become obsolete. It changes no file that the log knows of: putting the
 * result in place is the log's.
 *
 * May run in a worker thread (worker.ts) or in place. Memory: the map, a piece of the file, one record batch unpacked.
 */

import { CodecUnavailableError, CorruptBatchError, RecordBatch } from '@ottla/protocol'
import { writeNewFile } from '../durable-file.ts'
import { cleanedFileSuffix, type SegmentFileKind, segmentFileName } from '../file-names.ts'
import type { File, FileSystem } from '../file-system/file-system.ts'
import type { LogConfig } from '../log-config.ts'
import { LogSegment, type SegmentContext } from '../log-segment.ts'
import { OpenFiles } from '../open-files.ts'
import { type ScannedPiece, scanPieces } from '../segment-scan.ts'
import { StorageError } from '../storage-error.ts'
import { type AbortedTransaction, formatTransactionIndex } from '../transaction-index.ts'
import { type CleaningRules, cleanBatch, type LastOfProducer } from './cleaned-batch.ts'
import { CleanedTransactions } from './cleaned-transactions.ts'
import { OffsetMap } from './offset-map.ts'
import { Throttle } from './throttle.ts'

/** Written data is flushed in portions: one large flush would hold up those of the producers. */
const flushEveryBytes = 8 * 1024 * 1024

export interface CleaningSource {
  baseOffset: number
  sizeInBytes: number
}

export interface CleaningTask {
  /** The partition's. */
  directory: string
  config: LogConfig
  /** Ascending, without gaps in between: everything below `endOffset`. */
  sources: CleaningSource[]
  /** Of which a record may be in the sources; the marker may stand behind them. */
  abortedTransactions: AbortedTransaction[]
  /** What lies below was compacted before. */
  firstDirtyOffset: number
  /** Exclusive; where a segment ends. */
  endOffset: number
  nowMs: number
  maxDecompressedBytes: number
  /** `log.cleaner.dedupe.buffer.size` */
  mapBytes: number
  /** `log.cleaner.io.buffer.load.factor` */
  mapLoadFactor: number
  /** `log.cleaner.io.max.bytes.per.second`; may be Infinity. */
  maxBytesPerSecond: number
}

export interface CleaningGroup {
  /** Some of the task's sources, neighbours. */
  sources: CleaningSource[]
  lastOfProducers: Map<number, LastOfProducer>
}

/** Its files are flushed; their names in the directory are not. */
export interface CleanedSegment {
  baseOffset: number
  sizeInBytes: number
  /** Which files it has. */
  kinds: SegmentFileKind[]
}

export class SegmentCleaner {
  readonly #task: CleaningTask
  readonly #context: SegmentContext
  readonly #signal: AbortSignal | undefined
  readonly #throttle: Throttle
  #map: OffsetMap | undefined
  #knownEndOffset = 0
  #transactions = new CleanedTransactions([])
  /** Of the group that is written. */
  #abortedKept: AbortedTransaction[] = []

  constructor(fileSystem: FileSystem, task: CleaningTask, { signal }: { signal?: AbortSignal } = {}) {
    const { directory, config, maxBytesPerSecond } = task
    this.#task = task
    this.#signal = signal
    this.#throttle = new Throttle(maxBytesPerSecond)
    this.#context = { fileSystem, openFiles: new OpenFiles({ fileSystem, maxOpen: 1 }), directory, config }
  }

  /**
   * Reads the new part, as much of it as the map can hold. Resolves with the end (exclusive) of what it knows then: below it compaction
   * will be complete. Rejects with a StorageError where a batch is damaged: compaction must not give damage a valid checksum.
   */
  async readDirtyPart(): Promise<{ knownEndOffset: number }> {
    const { firstDirtyOffset, endOffset, abortedTransactions, mapBytes, mapLoadFactor } = this.#task
    const maxEntries = endOffset - firstDirtyOffset
    const map = new OffsetMap({ maxBytes: mapBytes, maxEntries, loadFactor: mapLoadFactor })
    this.#knownEndOffset = await this.#fill(map)
    this.#map = map
    const onAbortKept = (transaction: AbortedTransaction) => this.#abortedKept.push(transaction)
    this.#transactions = new CleanedTransactions(abortedTransactions, { onAbortKept })
    return { knownEndOffset: this.#knownEndOffset }
  }

  /** Groups have to come in ascending order: a tombstone goes only after what it deletes. */
  async cleanGroup({ sources, lastOfProducers }: CleaningGroup): Promise<CleanedSegment> {
    const { fileSystem } = this.#context
    const { nowMs, config, maxDecompressedBytes } = this.#task
    const map = this.#map
    const [first] = sources
    if (!map || !first) throw new Error('the dirty part has to be read first, and a group has segments')
    const target = new LogSegment(this.#context, {
      baseOffset: first.baseOffset,
      createdMs: nowMs,
      rollJitterMs: 0,
      fileSuffix: cleanedFileSuffix,
    })
    target.startEmpty()
    this.#abortedKept = []
    const rules: CleaningRules = {
      newestOffsetOf: key => map.get(key),
      knownEndOffset: this.#knownEndOffset,
      nowMs,
      deleteRetentionMs: config.deleteRetentionMs,
      lastOfProducers,
      maxDecompressedBytes,
    }
    const lastSource = sources.findLast(source => source.sizeInBytes > 0)
    const file = await fileSystem.open(target.path, { create: true })
    try {
      await file.truncate(0)
      for (const source of sources) {
        await this.#cleanSource(source, { file, target, rules, isLastSource: source === lastSource })
      }
      await file.datasync()
    } finally {
      await file.close()
    }
    await target.writeIndexes()
    const kinds: SegmentFileKind[] = ['log', 'index', 'timeindex']
    // Without transactions there is no such file; an old one is replaced even when nothing remains of it.
    if (this.#task.abortedTransactions.length > 0) {
      await writeNewFile(fileSystem, target.filePath('txnindex'), formatTransactionIndex(this.#abortedKept))
      kinds.push('txnindex')
    }
    return { baseOffset: target.baseOffset, sizeInBytes: target.sizeInBytes, kinds }
  }

  async #cleanSource(
    source: CleaningSource,
    {
      file,
      target,
      rules,
      isLastSource,
    }: { file: File; target: LogSegment; rules: CleaningRules; isLastSource: boolean },
  ): Promise<void> {
    let unflushedBytes = 0
    for await (const { batches, position, path } of this.#pieces(source)) {
      const writePosition = target.sizeInBytes
      const buffers: Buffer[] = []
      for (const batch of batches) {
        const end = position + batch.position + batch.sizeInBytes
        const isLast = (isLastSource && end === source.sizeInBytes) || batch.nextOffset === this.#task.endOffset
        const isObsolete = this.#isObsolete(batch)
        const cleaned = explained(path, position, () => cleanBatch(batch, { isObsolete, isLast }, rules))
        if (!cleaned) continue
        buffers.push(cleaned)
        target.account(new RecordBatch(cleaned))
      }
      if (buffers.length > 0) await file.write(buffers, writePosition)
      unflushedBytes += target.sizeInBytes - writePosition
      if (unflushedBytes < flushEveryBytes) continue
      await file.datasync()
      unflushedBytes = 0
    }
  }

  #isObsolete(batch: RecordBatch): boolean {
    const { maxDecompressedBytes } = this.#task
    const transactions = this.#transactions
    return batch.isControl ? transactions.isMarkerOfNothing(batch, maxDecompressedBytes) : transactions.isAborted(batch)
  }

  /** Resolves with the end (exclusive) of what the map knows. */
  async #fill(map: OffsetMap): Promise<number> {
    const { sources, abortedTransactions, firstDirtyOffset, endOffset, maxDecompressedBytes } = this.#task
    const firstDirty = Math.max(
      0,
      sources.findLastIndex(source => source.baseOffset <= firstDirtyOffset),
    )
    const startOffset = sources[firstDirty]!.baseOffset
    const transactions = new CleanedTransactions(
      abortedTransactions.filter(({ lastOffset }) => lastOffset >= startOffset),
    )
    for (const source of sources.slice(firstDirty)) {
      for await (const { batches, position, path } of this.#pieces(source)) {
        for (const batch of batches) {
          if (batch.isControl) {
            transactions.isMarkerOfNothing(batch, maxDecompressedBytes)
            continue
          }
          if (transactions.isAborted(batch) || batch.nextOffset <= firstDirtyOffset) continue
          const fullAtOffset = explained(path, position, () => this.#putKeys(map, batch))
          if (fullAtOffset !== null) return fullAtOffset
        }
      }
    }
    return endOffset
  }

  /** Null, or the offset of the first record for which the map has no room. */
  #putKeys(map: OffsetMap, batch: RecordBatch): number | null {
    const { firstDirtyOffset } = this.#task
    for (const { key, offset } of batch.records(this.#task)) {
      if (key !== null && offset >= firstDirtyOffset && !map.put(key, offset)) return offset
    }
    return null
  }

  /** Every batch that is shown has a valid CRC: damage must not get a new checksum. */
  async *#pieces(source: CleaningSource): AsyncGenerator<ScannedPiece & { path: string }> {
    const { fileSystem, directory } = this.#context
    const path = `${directory}/${segmentFileName(source.baseOffset, 'log')}`
    const file = await fileSystem.open(path, { readOnly: true })
    try {
      for await (const { batches, position } of scanPieces(file, { fromPosition: 0, toPosition: source.sizeInBytes })) {
        this.#signal?.throwIfAborted()
        const bad = batches.find(batch => !batch.isCrcValid())
        if (bad) throw damaged(path, position + bad.position, 'it does not match its CRC')
        yield { batches, position, path }
        const last = batches.at(-1)!
        await this.#throttle.pass(last.position + last.sizeInBytes)
      }
    } finally {
      await file.close()
    }
  }
}

/** Gives what can't be unpacked or decoded its place in the file. */
function explained<T>(path: string, position: number, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof CorruptBatchError) throw damaged(path, position + error.position, error.message)
    if (error instanceof CodecUnavailableError) throw damaged(path, position, error.message)
    throw error
  }
}

function damaged(path: string, positionInBytes: number, what: string): StorageError {
  return new StorageError(`A record batch can't be compacted: ${what}`, { path, positionInBytes, code: 'DAMAGED' })
}
