/**
 * What remains of one record batch. Apache Kafka's rules (Cleaner, MemoryRecords.filterTo):
 *
 *   a record of a key with a newer one            goes
 *   a tombstone                                   stays until the delete horizon that its batch gets when it is first cleaned (KIP-534)
 *   a record without a key                        goes (a topic that was not always compacted has some)
 *   a batch of an aborted transaction             goes
 *   a marker that marks nothing any more          stays until its delete horizon
 *   a batch of which nothing remains              goes, unless it is one of an active producer's last five (in Kafka: the last) or
 *                                                 holds the last offset of what is cleaned: then its header stays, empty
 *
 * Offsets never change, and a batch keeps its first and last offset whatever goes. Pure.
 */

import { buildRecordBatch, type Record, type RecordBatch } from '@ottla/protocol'

/** What an active producer has written last. */
export interface LastOfProducer {
  /** Of each batch that may be sent again. Empty: all that is known of the producer is a marker of its epoch. */
  lastOffsets: readonly number[]
  producerEpoch: number
}

export interface CleaningRules {
  /** The offset of the last record with the key in the part that is compacted now; -1 where there is none. */
  newestOffsetOf: (key: Buffer) => number
  /** Records at or beyond it are not known to `newestOffsetOf` and stay. */
  knownEndOffset: number
  nowMs: number
  /** `delete.retention.ms` */
  deleteRetentionMs: number
  lastOfProducers: ReadonlyMap<number, LastOfProducer>
  maxDecompressedBytes: number
}

export interface BatchCircumstances {
  /** See CleanedTransactions: of an aborted transaction, or a marker of nothing. */
  isObsolete: boolean
  /** The last offset of the segment, or of all that is cleaned, would be forgotten without it. */
  isLast: boolean
}

/** The bytes to write: the batch's own where nothing changes; null where nothing remains. */
export function cleanBatch(
  batch: RecordBatch,
  { isObsolete, isLast }: BatchCircumstances,
  rules: CleaningRules,
): Buffer | null {
  const { nowMs } = rules
  const isHorizonPassed = batch.hasDeleteHorizon && batch.baseTimestamp <= nowMs
  const goesAsAWhole = isObsolete && (!batch.isControl || isHorizonPassed)
  const isPinned = isLast || isLastOfItsProducer(batch, rules.lastOfProducers)
  if (goesAsAWhole) return isPinned ? emptyBatch(batch) : null

  const kept: Record[] = []
  let holdsTombstone = false
  for (const record of batch.records(rules)) {
    if (!batch.isControl && !isKept(record, isHorizonPassed, rules)) continue
    kept.push(record)
    if (record.value === null) holdsTombstone = true
  }
  if (kept.length === 0) return isPinned ? emptyBatch(batch) : null
  const needsHorizon = !batch.hasDeleteHorizon && (holdsTombstone || (batch.isControl && isObsolete))
  if (kept.length === batch.recordCount && !needsHorizon) {
    return batch.buffer.subarray(batch.position, batch.position + batch.sizeInBytes)
  }
  if (needsHorizon) return rebuiltBatch(batch, kept, nowMs + rules.deleteRetentionMs)
  return rebuiltBatch(batch, kept, batch.hasDeleteHorizon ? batch.baseTimestamp : undefined)
}

function isKept({ key, value, offset }: Record, isHorizonPassed: boolean, rules: CleaningRules): boolean {
  if (offset >= rules.knownEndOffset) return true
  if (key === null) return false
  return offset >= rules.newestOffsetOf(key) && (value !== null || !isHorizonPassed)
}

function isLastOfItsProducer(batch: RecordBatch, lastOfProducers: CleaningRules['lastOfProducers']): boolean {
  const last = batch.producerId < 0 ? undefined : lastOfProducers.get(batch.producerId)
  if (!last) return false
  if (last.lastOffsets.length > 0) return last.lastOffsets.includes(batch.lastOffset)
  return batch.isControl && batch.producerEpoch === last.producerEpoch
}

function rebuiltBatch(batch: RecordBatch, records: readonly Record[], deleteHorizonMs: number | undefined): Buffer {
  return buildRecordBatch({
    ...headerOf(batch),
    records,
    compression: batch.compression,
    ...(batch.timestampType === 'LogAppendTime' ? { maxTimestamp: batch.maxTimestamp } : {}),
    ...(deleteHorizonMs === undefined ? {} : { deleteHorizonMs }),
  })
}

/** A header alone, as Kafka leaves it: without compression and without a horizon. */
function emptyBatch(batch: RecordBatch): Buffer {
  return buildRecordBatch({ ...headerOf(batch), records: [], maxTimestamp: batch.maxTimestamp })
}

function headerOf(batch: RecordBatch) {
  const { baseOffset, lastOffset, timestampType, producerId, producerEpoch, baseSequence, partitionLeaderEpoch } = batch
  const { isTransactional: transactional, isControl: control } = batch
  return {
    baseOffset,
    lastOffset,
    timestampType,
    producerId,
    producerEpoch,
    baseSequence,
    partitionLeaderEpoch,
    transactional,
    control,
  }
}
