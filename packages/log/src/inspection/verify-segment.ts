/** One segment, every byte of it: its batches, their order and CRCs, and its index files compared with them. Changes nothing. */

import type { RecordBatch } from '@ottla/protocol'
import type { SegmentFileKind } from '../file-names.ts'
import type { File, FileSystem } from '../file-system/file-system.ts'
import { whyNotTorn } from '../recovery.ts'
import { parseTransactionIndex } from '../transaction-index.ts'
import type { Report } from './findings.ts'
import { OffsetIndexCheck, TimeIndexCheck, TransactionIndexCheck } from './index-checks.ts'
import { scanLogFile } from './log-file-scan.ts'

export interface SegmentToVerify {
  fileSystem: FileSystem
  baseOffset: number
  /** Where its files are, of any kind, there or not. */
  pathOf: (kind: SegmentFileKind) => string
  /** Where the segment before it ends: nothing below may stand in it. */
  minBaseOffset: number
  /** Where the next one begins; null for the last one. */
  nextBaseOffset: number | null
  wasCleanStop: boolean
  mayHaveLostPower: boolean
  recoveryPoint: number
  report: Report
  visit: (batch: RecordBatch) => void
}

export interface VerifiedSegment {
  /** Of the last valid batch, exclusive. */
  endOffset: number
  batches: number
  records: number
  bytes: number
}

/** Rejects with a StorageError where a file can't be read. */
export async function verifySegment(segment: SegmentToVerify): Promise<VerifiedSegment> {
  const { fileSystem, pathOf, nextBaseOffset } = segment
  const file = await fileSystem.open(pathOf('log'), { readOnly: true })
  try {
    const indexes = await readIndexes(segment, await file.sizeInBytes())
    const found = await verifyBatches(file, segment, indexes)
    if (nextBaseOffset !== null) checkEnd(segment, indexes, found)
    indexes.offsets?.finish(found)
    indexes.times?.finish({ isClosed: nextBaseOffset !== null, endOffset: found.endOffset })
    indexes.transactions?.finish()
    return found
  } finally {
    await file.close()
  }
}

interface Indexes {
  offsets: OffsetIndexCheck | null
  times: TimeIndexCheck | null
  transactions: TransactionIndexCheck | null
}

async function readIndexes(segment: SegmentToVerify, logSizeInBytes: number): Promise<Indexes> {
  const { fileSystem, pathOf, baseOffset, report, nextBaseOffset, wasCleanStop } = segment
  const read = async (kind: SegmentFileKind) => {
    const path = pathOf(kind)
    const content = await fileSystem.readFile(path)
    if (content) return { path, content, baseOffset, report }
    // After a crash the active segment's indexes were in memory only; most segments have no aborted transaction.
    if (kind !== 'txnindex' && logSizeInBytes > 0 && (nextBaseOffset !== null || wasCleanStop)) {
      report({
        severity: 'mendable',
        path,
        message: 'The index is missing. It is rebuilt from the log when it is needed',
      })
    }
    return null
  }
  const [index, timeindex, txnindex] = [await read('index'), await read('timeindex'), await read('txnindex')]
  return {
    offsets: index && new OffsetIndexCheck(index),
    times: timeindex && new TimeIndexCheck(timeindex),
    transactions:
      txnindex && new TransactionIndexCheck({ ...txnindex, entries: parseTransactionIndex(txnindex.content) }),
  }
}

async function verifyBatches(file: File, segment: SegmentToVerify, indexes: Indexes): Promise<VerifiedSegment> {
  const { baseOffset, minBaseOffset, visit } = segment
  const found = { endOffset: baseOffset, batches: 0, records: 0, bytes: await file.sizeInBytes() }
  let invalid: { position: number; end: number; reason: string; endOffset: number } | null = null
  for await (const stretch of scanLogFile(file, { baseOffset, minBaseOffset: Math.max(baseOffset, minBaseOffset) })) {
    if (stretch.kind === 'invalid') {
      if (invalid) await reportInvalid(segment, { ...invalid, next: stretch.position, sizeInBytes: found.bytes })
      invalid = { ...stretch, endOffset: found.endOffset }
      continue
    }
    if (invalid) await reportInvalid(segment, { ...invalid, next: stretch.position, sizeInBytes: found.bytes })
    invalid = null
    const { batch, position } = stretch
    const problem = problemOf(batch, segment)
    if (problem) segment.report({ severity: 'damage', path: file.path, positionInBytes: position, message: problem })
    found.endOffset = batch.nextOffset
    found.batches++
    found.records += batch.recordCount
    indexes.offsets?.visit(batch, position)
    indexes.times?.visit(batch)
    indexes.transactions?.visit(batch)
    visit(batch)
  }
  if (invalid) await reportInvalid(segment, { ...invalid, next: -1, sizeInBytes: found.bytes })
  return found
}

/** A valid batch that can't be right where it is. */
function problemOf(batch: RecordBatch, { nextBaseOffset }: SegmentToVerify): string | null {
  const { baseOffset, lastOffset, lastOffsetDelta, recordCount } = batch
  if (nextBaseOffset !== null && lastOffset >= nextBaseOffset) {
    return `A record batch of offsets ${baseOffset}-${lastOffset} in a segment that ends before ${nextBaseOffset}`
  }
  if (recordCount < 0 || recordCount > lastOffsetDelta + 1) {
    return `A record batch of ${recordCount} records that spans ${lastOffsetDelta + 1} offsets`
  }
  return null
}

interface InvalidBytes {
  position: number
  end: number
  reason: string
  /** Of the valid batches before. */
  endOffset: number
  /** Where a valid batch follows; -1 where none does. */
  next: number
  sizeInBytes: number
}

/** As the next start of a broker will judge it. */
async function reportInvalid(segment: SegmentToVerify, invalid: InvalidBytes): Promise<void> {
  const { report, pathOf, nextBaseOffset, wasCleanStop, mayHaveLostPower, recoveryPoint } = segment
  const { position, end, reason, endOffset, next, sizeInBytes } = invalid
  const facts = { isLast: nextBaseOffset === null, mayHaveLostPower, recoveryPoint, endOffset, sizeInBytes }
  const why = wasCleanStop
    ? 'the last stop was clean: all of this was flushed'
    : await whyNotTorn({ ...facts, validBytes: position }, async () => next)
  const what = `${end - position} bytes are no valid record batch: ${reason} (behind offset ${endOffset})`
  const message = why
    ? `${what}. ${why}. Records are harmed: reads fail here, or the partition is offline, until it is repaired`
    : `${what}. They were not flushed when the broker stopped: the next start cuts ${sizeInBytes - position} bytes off here`
  report({ severity: why ? 'damage' : 'mendable', path: pathOf('log'), positionInBytes: position, message })
}

/** A closed segment reaches to the next one. Where it does not, either compaction has left the gap or something is missing. */
function checkEnd(segment: SegmentToVerify, indexes: Indexes, { endOffset, bytes }: VerifiedSegment): void {
  const { report, pathOf, nextBaseOffset } = segment
  if (endOffset >= nextBaseOffset!) return
  const { offsets, times } = indexes
  const isCut = (offsets !== null && offsets.lastPosition >= bytes) || (times !== null && times.lastOffset >= endOffset)
  const gap = `The segment ends at offset ${endOffset}, the next one begins at ${nextBaseOffset}`
  report({
    severity: isCut ? 'damage' : 'notice',
    path: pathOf('log'),
    positionInBytes: bytes,
    message: isCut
      ? `${gap}, and its indexes speak of more: its end is missing. The partition is offline until it is repaired`
      : `${gap}. Apache Kafka's compaction and repairs leave such gaps`,
  })
}
