/**
 * A record in words: key and value as text where they are text, and what they say where a topic keeps Kafka's own records
 * (`__consumer_offsets`, `__transaction_state`, `__cluster_metadata`). What can't be decoded is shown as it is, never refused.
 */

import {
  CorruptBatchError,
  consumerOffsetsRecords,
  controlRecordTypeSchema,
  decodeMetadataRecord,
  decodeVersioned,
  endTxnMarker,
  kraftVersionRecord,
  type Record as LogRecord,
  leaderChangeMessage,
  MalformedMessageError,
  type Message,
  type RecordBatch,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  transactionStateRecords,
  votersRecord,
} from '@ottla/protocol'
import type { DumpEntry } from './dump-file.ts'

/** More than any broker takes in one batch. */
const maxDecompressedBytes = 1024 * 1024 * 1024

/** Control records by the type in their key. */
const controlRecords: readonly [name: string, message: Message<object, never>][] = [
  ['abort', endTxnMarker],
  ['commit', endTxnMarker],
  ['leader change', leaderChangeMessage],
  ['snapshot header', snapshotHeaderRecord],
  ['snapshot footer', snapshotFooterRecord],
  ['KRaft version', kraftVersionRecord],
  ['voters', votersRecord],
]

/** `topic`: whose log it is, null where that is not known. */
export function* dumpRecords(batch: RecordBatch, topic: string | null): Generator<DumpEntry> {
  try {
    for (const record of batch.records({ maxDecompressedBytes })) yield dumpRecord(record, { batch, topic })
  } catch (error) {
    if (!(error instanceof CorruptBatchError)) throw error
    yield { type: 'invalid', isDamage: true, fields: { offset: batch.baseOffset, reason: error.message } }
  }
}

function dumpRecord(record: LogRecord, { batch, topic }: { batch: RecordBatch; topic: string | null }): DumpEntry {
  const { offset, timestamp, key, value, headers } = record
  let meaning: unknown
  try {
    meaning = batch.isControl ? controlMeaning(record) : meaningIn(topic, record)
  } catch (error) {
    if (!(error instanceof MalformedMessageError)) throw error
    meaning = { undecodable: error.message }
  }
  const fields = {
    offset,
    timestamp,
    ...(meaning === undefined ? { key: readable(key), value: readable(value) } : { meaning: plain(meaning) }),
    ...(headers.length > 0 && { headers: headers.map(header => ({ [header.key]: readable(header.value) })) }),
  }
  return { type: batch.isControl ? 'control record' : 'record', fields }
}

function controlMeaning({ key, value }: LogRecord): unknown {
  if (key === null || value === null) return undefined
  const { type } = decodeVersioned(controlRecordTypeSchema, key, { newerAsHighest: true })
  const [name, message] = controlRecords[type] ?? []
  if (!message) return { type }
  // The records of KRaft carry their version as their first field, markers in front of it.
  const said =
    message === endTxnMarker ? decodeVersioned(message, value, { newerAsHighest: true }) : decodeSelf(message, value)
  return { type: name, ...said }
}

function decodeSelf(message: Message<object, never>, value: Buffer): object {
  return message.decode(value, Math.min(value.length < 2 ? 0 : value.readInt16BE(0), message.versions.highest))
}

function meaningIn(topic: string | null, { key, value }: LogRecord): unknown {
  if (topic === '__cluster_metadata') return value === null ? undefined : decodeMetadataRecord(value)
  const records =
    topic === '__consumer_offsets'
      ? consumerOffsetsRecords
      : topic === '__transaction_state'
        ? transactionStateRecords
        : null
  if (records === null || key === null) return undefined
  const decoded = records.decodeKey(key)
  if (decoded.type === 'unknown') return undefined
  const decodeValue = records.decodeValue.bind(records) as (type: string, value: Buffer) => object
  return { type: decoded.type, key: decoded.key, value: value === null ? null : decodeValue(decoded.type, value) }
}

/** Text where it is text, else its bytes. */
export function readable(bytes: Buffer | null): string | { base64: string } | null {
  if (bytes === null) return null
  const text = bytes.toString('utf8')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const isText = !/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text) && Buffer.from(text, 'utf8').equals(bytes)
  return isText ? text : { base64: bytes.toString('base64') }
}

/** As JSON can have it: exact numbers where they fit, else digits. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (Buffer.isBuffer(value)) return readable(value)
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, plain(of)]))
}
