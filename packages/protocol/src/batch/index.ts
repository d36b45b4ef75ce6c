export { buildRecordBatch, type RecordBatchInput } from './build-record-batch.ts'
export {
  CodecUnavailableError,
  type Compression,
  codecs,
  compressionNames,
  TooManyBytesError,
} from './compression/index.ts'
export { buildEndTransactionMarker, type TransactionResult, transactionResultOf } from './control-batch.ts'
export { CorruptBatchError } from './corrupt-batch-error.ts'
export { crc32c } from './crc32c.ts'
export type { Record, RecordHeader, RecordInput } from './record.ts'
export { RecordBatch, recordBatches, type TimestampType } from './record-batch.ts'
