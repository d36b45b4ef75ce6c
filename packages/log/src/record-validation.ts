/**
 * What may enter a log: the rules that Kafka applies to a produce request's records before they get offsets, in Kafka's order.
 * Pure but for LogAppendTime, which it writes into the batch. Never parses records unless the topic's settings need it
 * (compaction wants keys, a limit on old timestamps wants each timestamp, another codec wants all of it).
 *
 * Timestamps: the upper limit (`message.timestamp.after.max.ms`) is checked against the batch's own maximum, which a client
 * computes; Kafka computes it anew from the records.
 */

import { buildRecordBatch, CorruptBatchError, KafkaError, RecordBatch, recordBatches } from '@ottla/protocol'
import type { LogConfig } from './log-config.ts'

/** Clients are checked strictly; a coordinator of this broker may append control batches, several at a time, without sequences. */
export type AppendOrigin = 'client' | 'coordinator'

export interface RecordError {
  /** The record's place in its batch, from 0. */
  batchIndex: number
  message: string
}

/** INVALID_RECORD or INVALID_TIMESTAMP, with what is wrong with which record (KIP-467). */
export class RecordValidationError extends KafkaError {
  readonly recordErrors: readonly RecordError[]

  constructor(
    name: 'INVALID_RECORD' | 'INVALID_TIMESTAMP',
    { message, recordErrors }: { message: string; recordErrors: readonly RecordError[] },
  ) {
    super(name, message)
    this.recordErrors = recordErrors
  }
}

export interface ValidationContext {
  config: LogConfig
  origin: AppendOrigin
  nowMs: number
  maxDecompressedBytes: number
  /** For messages. */
  log: { readonly topic: string; readonly partition: number }
}

/**
 * The batches in the buffer, valid and ready to get their offsets; new buffers where the topic prescribes another codec.
 * Throws KafkaError (CORRUPT_MESSAGE, INVALID_RECORD, MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, INVALID_TIMESTAMP).
 */
export function validateRecords(records: Buffer, context: ValidationContext): RecordBatch[] {
  try {
    const batches = splitBatches(records)
    if (batches.length === 0) throw invalidRecord('There is no record batch to append')
    if (context.origin === 'client' && batches.length > 1)
      throw invalidRecord('More than one record batch for one partition')
    return batches.map(batch => validateBatch(batch, context))
  } catch (error) {
    if (error instanceof CorruptBatchError) throw new KafkaError('CORRUPT_MESSAGE', error.message)
    throw error
  }
}

/** One batch that fills the buffer is by far the most common case. */
function splitBatches(records: Buffer): RecordBatch[] {
  const magic = records[16]
  if (magic !== undefined && magic < 2)
    throw invalidRecord(`Record batches of magic ${magic} are not accepted, only 2 is`)
  if (magic === 2 && records.length >= RecordBatch.overheadBytes) {
    const batch = new RecordBatch(records, 0)
    if (batch.sizeInBytes === records.length) return [batch]
  }
  return [...recordBatches(records)]
}

function validateBatch(batch: RecordBatch, context: ValidationContext): RecordBatch {
  const { config, origin, nowMs } = context
  const { sizeInBytes } = batch
  if (origin === 'client' && batch.baseOffset !== 0) {
    throw invalidRecord(`The base offset of an appended record batch must be 0, not ${batch.baseOffset}`)
  }
  if (sizeInBytes > config.maxMessageBytes && origin === 'client') {
    throw new KafkaError(
      'MESSAGE_TOO_LARGE',
      `The record batch has ${sizeInBytes} bytes, max.message.bytes allows ${config.maxMessageBytes}`,
    )
  }
  if (!batch.isCrcValid()) throw new KafkaError('CORRUPT_MESSAGE', 'The record batch does not match its CRC')
  checkCounts(batch)
  if (origin === 'client') checkClientBatch(batch)
  if (!batch.isControl) checkTimestamps(batch, context)
  if (config.cleanupCompact && !batch.isControl) checkKeys(batch, context)
  const stored = withCompression(batch, context)
  if (stored.sizeInBytes > config.segmentBytes) {
    throw new KafkaError(
      'RECORD_LIST_TOO_LARGE',
      `The record batch has ${stored.sizeInBytes} bytes, segment.bytes allows ${config.segmentBytes}`,
    )
  }
  if (config.messageTimestampType === 'LogAppendTime' && !batch.isControl) stored.setLogAppendTime(nowMs)
  return stored
}

function checkCounts(batch: RecordBatch): void {
  const { recordCount, lastOffsetDelta } = batch
  if (recordCount <= 0) throw invalidRecord(`A record batch must hold records, this one says it holds ${recordCount}`)
  if (lastOffsetDelta !== recordCount - 1) {
    throw invalidRecord(
      `The last offset delta ${lastOffsetDelta} does not fit a record batch of ${recordCount} records`,
    )
  }
}

function checkClientBatch(batch: RecordBatch): void {
  if (batch.isControl) throw invalidRecord('Clients may not write control records')
  if (!Number.isSafeInteger(batch.producerId)) throw invalidRecord(`There is no producer ${batch.producerId}`)
  if (batch.producerId >= 0 && batch.baseSequence < 0) {
    throw invalidRecord(
      `The record batch of producer ${batch.producerId} has the invalid sequence ${batch.baseSequence}`,
    )
  }
  if (batch.timestampType === 'LogAppendTime') {
    throw new KafkaError('INVALID_TIMESTAMP', 'A producer may not set the timestamp type LogAppendTime')
  }
}

function checkTimestamps(batch: RecordBatch, { config, origin, nowMs, maxDecompressedBytes }: ValidationContext): void {
  if (origin !== 'client' || config.messageTimestampType === 'LogAppendTime') return
  const latestMs = nowMs + config.messageTimestampAfterMaxMs
  const earliestMs = nowMs - config.messageTimestampBeforeMaxMs
  // Without a limit on old timestamps the header says enough.
  const mayBeTooOld = config.messageTimestampBeforeMaxMs < nowMs
  if (batch.maxTimestamp <= latestMs && !mayBeTooOld) return
  const isOutside = (timestamp: number) => timestamp !== -1 && (timestamp > latestMs || timestamp < earliestMs)
  const recordErrors = recordErrorsOf(batch, maxDecompressedBytes, ({ timestamp, offset }) =>
    isOutside(timestamp)
      ? `Timestamp ${timestamp} of message with offset ${offset} is out of range. The timestamp should be within [${earliestMs}, ${latestMs}]`
      : null,
  )
  if (recordErrors.length === 0 && batch.maxTimestamp <= latestMs) return
  throw new RecordValidationError('INVALID_TIMESTAMP', {
    message: 'One or more records have been rejected due to invalid timestamp',
    recordErrors,
  })
}

function checkKeys(batch: RecordBatch, { maxDecompressedBytes, log }: ValidationContext): void {
  const recordErrors = recordErrorsOf(batch, maxDecompressedBytes, ({ key }) =>
    key === null
      ? `Compacted topic cannot accept message without key in topic partition ${log.topic}-${log.partition}`
      : null,
  )
  if (recordErrors.length === 0) return
  const shown = recordErrors
    .slice(0, 3)
    .map(({ batchIndex, message }) => `RecordError(batchIndex=${batchIndex}, message='${message}')`)
  throw new RecordValidationError('INVALID_RECORD', {
    message: `One or more records have been rejected due to ${recordErrors.length} record errors in total, and only showing the first three errors at most: [${shown.join(', ')}]`,
    recordErrors,
  })
}

function recordErrorsOf(
  batch: RecordBatch,
  maxDecompressedBytes: number,
  check: (record: { offset: number; timestamp: number; key: Buffer | null }) => string | null,
): RecordError[] {
  const recordErrors: RecordError[] = []
  let batchIndex = 0
  try {
    for (const record of batch.records({ maxDecompressedBytes })) {
      const message = check(record)
      if (message !== null) recordErrors.push({ batchIndex, message })
      batchIndex++
    }
  } catch (error) {
    if (error instanceof CorruptBatchError) throw invalidRecord(error.message)
    throw error
  }
  return recordErrors
}

/** `compression.type` other than `producer`: what came in another codec is packed anew. */
function withCompression(batch: RecordBatch, { config, maxDecompressedBytes }: ValidationContext): RecordBatch {
  const { compressionType } = config
  const { compression } = batch // throws where the codec is unknown
  if (compressionType === 'producer' || compressionType === compression || batch.isControl) return batch
  try {
    const records = [...batch.records({ maxDecompressedBytes })]
    const { producerId, producerEpoch, baseSequence, isTransactional: transactional } = batch
    const common = { baseOffset: 0, records, compression: compressionType }
    return new RecordBatch(buildRecordBatch({ ...common, producerId, producerEpoch, baseSequence, transactional }), 0)
  } catch (error) {
    if (error instanceof CorruptBatchError) throw invalidRecord(error.message)
    throw error
  }
}

function invalidRecord(message: string): KafkaError {
  return new KafkaError('INVALID_RECORD', message)
}
