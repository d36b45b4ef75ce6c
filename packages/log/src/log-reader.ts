/**
 * Reads whole record batches of one partition from its files: one large read where the offset is known from the read before, at most
 * a small one more where a batch is larger than what was asked for. Checks headers on the way, and never shows what does not look
 * like the batch that has to be there.
 */

import {
  batchHeaderSizeInBytes,
  isPlausibleHeader,
  recordBatchBaseOffset,
  recordBatchEndOffset,
  recordBatchSizeInBytes,
} from './batch-scan.ts'
import type { LogSegment } from './log-segment.ts'
import { StorageError } from './storage-error.ts'

/** Whoever reads on asks for the offset where the last read ended: remember where that is. */
const maxHints = 16

export interface FileReadOptions {
  fromOffset: number
  /** Exclusive: no batch that begins here or later. */
  endOffset: number
  maxBytes: number
  minOneBatch: boolean
}

interface Hint {
  segment: LogSegment
  position: number
}

export class LogReader {
  readonly #hints = new Map<number, Hint>()

  /**
   * `segments`: ascending, the first one may be needed from its middle. Empty where no batch fits.
   *
   * Batches without records, which compaction leaves, are passed over as long as there are others behind them: some clients (kafkajs)
   * never get past an answer that has nothing else.
   */
  async read(segments: readonly LogSegment[], options: FileReadOptions): Promise<Buffer[]> {
    let empty: Buffer[] = []
    for (let { fromOffset } = options; ; ) {
      const found = await this.#readFrom(segments, { ...options, fromOffset })
      const [batches] = found
      if (batches === undefined) return empty
      if (hasRecords(batches)) return found
      empty = found
      fromOffset = recordBatchesEnd(batches, 0, batches.length)
    }
  }

  async #readFrom(segments: readonly LogSegment[], options: FileReadOptions): Promise<Buffer[]> {
    let index = segments.findLastIndex(segment => segment.baseOffset <= options.fromOffset)
    // Compaction may have taken the end of a segment: then the next one has the next batch.
    for (; index >= 0 && index < segments.length; index++) {
      const segment = segments[index]!
      if (segment.baseOffset >= options.endOffset) break
      const buffer = await this.#readSegment(segment, options)
      if (buffer) return buffer.length > 0 ? [buffer] : []
    }
    return []
  }

  /** Null when the segment has no batch at or after the offset. */
  async #readSegment(segment: LogSegment, options: FileReadOptions): Promise<Buffer | null> {
    const { fromOffset, endOffset, maxBytes, minOneBatch } = options
    const hint = this.#takeHint(fromOffset, segment)
    const slackBytes = hint === undefined ? 16 * 1024 : 0
    let position = hint ?? (await segment.positionFor(fromOffset))
    let lengthInBytes = Math.max(maxBytes, batchHeaderSizeInBytes) + slackBytes
    for (;;) {
      const available = segment.writtenBytes - position
      if (available <= 0) return null
      const wantedBytes = Math.min(lengthInBytes, available)
      const bytes = await segment.useFile(file => file.read(position, wantedBytes))
      if (bytes.length < wantedBytes) throw damaged(segment, position + bytes.length, 'The file is shorter than it was')
      const start = skipTo(bytes, fromOffset, segment, position)
      const isHeaderMissing = start + batchHeaderSizeInBytes > bytes.length
      const firstSizeInBytes = isHeaderMissing ? batchHeaderSizeInBytes : recordBatchSizeInBytes(bytes, start)
      if (start + firstSizeInBytes > bytes.length) {
        // Read on from there: the batch lies behind what was read, or is not whole.
        if (!isHeaderMissing && firstSizeInBytes > maxBytes && !minOneBatch) return Buffer.alloc(0)
        if (position + start + firstSizeInBytes > segment.writtenBytes) {
          if (isHeaderMissing && position + start === segment.writtenBytes) return null
          throw damaged(segment, position + start, 'The last record batch is not whole')
        }
        position += start
        lengthInBytes = Math.max(maxBytes, firstSizeInBytes)
        continue
      }
      const end = endOfBatches(bytes, start, { endOffset, maxBytes, minOneBatch, segment, position })
      if (end > start) this.#remember(recordBatchesEnd(bytes, start, end), { segment, position: position + end })
      return bytes.subarray(start, end)
    }
  }

  /** Forget what was known of positions: the log was cut. */
  forget(): void {
    this.#hints.clear()
  }

  #takeHint(offset: number, segment: LogSegment): number | undefined {
    const hint = this.#hints.get(offset)
    return hint?.segment === segment ? hint.position : undefined
  }

  #remember(offset: number, hint: Hint): void {
    this.#hints.delete(offset)
    this.#hints.set(offset, hint)
    if (this.#hints.size > maxHints) {
      for (const oldest of this.#hints.keys()) {
        this.#hints.delete(oldest)
        return
      }
    }
  }
}

/** The place of the first batch that ends after the offset, or of the first one that is not whole. */
function skipTo(bytes: Buffer, fromOffset: number, segment: LogSegment, position: number): number {
  let at = 0
  while (at + batchHeaderSizeInBytes <= bytes.length) {
    checkHeader(bytes, at, segment, position)
    if (recordBatchEndOffset(bytes, at) > fromOffset) return at
    const next = at + recordBatchSizeInBytes(bytes, at)
    if (next > bytes.length) return next
    at = next
  }
  return at
}

function endOfBatches(
  bytes: Buffer,
  start: number,
  limits: { endOffset: number; maxBytes: number; minOneBatch: boolean; segment: LogSegment; position: number },
): number {
  let at = start
  while (at + batchHeaderSizeInBytes <= bytes.length) {
    checkHeader(bytes, at, limits.segment, limits.position)
    if (recordBatchBaseOffset(bytes, at) >= limits.endOffset) break
    const next = at + recordBatchSizeInBytes(bytes, at)
    if (next > bytes.length) break
    if (next - start > limits.maxBytes && !(limits.minOneBatch && at === start)) break
    at = next
  }
  return at
}

/** Of whole batches, at least one. By their sizes: a damaged count of records must not hide them, the reader's CRC finds it. */
function hasRecords(batches: Buffer): boolean {
  for (let at = 0; at < batches.length; at += recordBatchSizeInBytes(batches, at)) {
    if (recordBatchSizeInBytes(batches, at) > batchHeaderSizeInBytes) return true
  }
  return false
}

function recordBatchesEnd(bytes: Buffer, start: number, end: number): number {
  let last = start
  for (let at = start; at < end; at += recordBatchSizeInBytes(bytes, at)) last = at
  return recordBatchEndOffset(bytes, last)
}

function checkHeader(bytes: Buffer, at: number, segment: LogSegment, position: number): void {
  if (isPlausibleHeader(bytes, at, { minBaseOffset: segment.baseOffset })) return
  throw damaged(segment, position + at, 'No valid record batch where one has to be')
}

function damaged(segment: LogSegment, positionInBytes: number, message: string): StorageError {
  return new StorageError(message, { path: segment.path, positionInBytes, code: 'DAMAGED' })
}
