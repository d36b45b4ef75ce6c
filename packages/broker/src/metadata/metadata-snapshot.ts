/**
 * A metadata snapshot as KRaft writes it: record batches from offset 0 on, a header record first, then what the image says as metadata
 * records, a footer record last. A file without its footer is none.
 */

import {
  buildRecordBatch,
  controlRecordTypeSchema,
  decodeMetadataRecord,
  type MetadataRecord,
  type RecordBatch,
  recordBatches,
  snapshotFooterRecord,
  snapshotHeaderRecord,
} from '@ottla/protocol'

const headerType = 3
const footerType = 4
/** Kafka's largest batch of a snapshot is 8 MiB; smaller ones are read with less memory. */
const recordsPerBatch = 1000

export interface SnapshotContent {
  /** Framed metadata records. */
  records: Iterable<Buffer>
  /** Of the last record that the snapshot stands for. */
  lastContainedLogTimestamp: number
  leaderEpoch: number
}

export function encodeSnapshot({ records, lastContainedLogTimestamp, leaderEpoch }: SnapshotContent): Buffer {
  const batches: Buffer[] = []
  let offset = 0
  const timestamp = lastContainedLogTimestamp
  const add = (values: readonly { key: Buffer | null; value: Buffer }[], control: boolean) => {
    const batch = buildRecordBatch({
      baseOffset: offset,
      partitionLeaderEpoch: leaderEpoch,
      control,
      records: values.map(record => ({ timestamp, ...record, headers: [] })),
    })
    batches.push(batch)
    offset += values.length
  }
  const header = snapshotHeaderRecord.encode({ version: 0, lastContainedLogTimestamp }, 0)
  add([{ key: controlKey(headerType), value: header }], true)
  let values: { key: null; value: Buffer }[] = []
  for (const value of records) {
    values.push({ key: null, value })
    if (values.length < recordsPerBatch) continue
    add(values, false)
    values = []
  }
  if (values.length > 0) add(values, false)
  add([{ key: controlKey(footerType), value: snapshotFooterRecord.encode({ version: 0 }, 0) }], true)
  return Buffer.concat(batches)
}

/** Throws CorruptBatchError, MalformedMessageError or an Error that says what is wrong where the content is no whole snapshot. */
export function decodeSnapshot(content: Buffer): MetadataRecord[] {
  const batches = [...recordBatches(content)]
  for (const batch of batches) {
    if (!batch.isCrcValid()) throw new Error(`the CRC of the record batch at byte ${batch.position} does not fit`)
  }
  const [header, footer] = [batches.at(0), batches.at(-1)]
  if (!header || controlTypeOf(header) !== headerType) throw new Error('it has no header')
  if (!footer || controlTypeOf(footer) !== footerType) throw new Error('it has no footer')
  return batches.filter(({ isControl }) => !isControl).flatMap(batch => [...metadataRecordsOf(batch)])
}

const maxDecompressedBytes = 64 * 1024 * 1024

/** All that stand in a batch of the metadata log or of a snapshot. */
export function* metadataRecordsOf(batch: RecordBatch): Generator<MetadataRecord> {
  if (batch.isControl) return
  for (const { value } of batch.records({ maxDecompressedBytes })) {
    if (value !== null) yield decodeMetadataRecord(value)
  }
}

/** An int16 version, then the type. */
function controlKey(type: number): Buffer {
  return Buffer.concat([Buffer.alloc(2), controlRecordTypeSchema.encode({ type }, 0)])
}

/** Of the first record; null where the batch is none of control records. */
function controlTypeOf(batch: RecordBatch): number | null {
  if (!batch.isControl) return null
  const [record] = batch.records({ maxDecompressedBytes })
  return record?.key && record.key.length >= 4 ? record.key.readInt16BE(2) : null
}
