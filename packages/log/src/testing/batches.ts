/** Record batches for tests, and their reading back. */

import { buildRecordBatch, type RecordBatch, recordBatches } from '@ottla/protocol'
import type { ReadOptions } from '../log-results.ts'
import type { PartitionLog } from '../partition-log.ts'

export interface BatchOptions {
  values?: (string | null)[]
  keys?: (string | null)[]
  timestamp?: number
  producerId?: number
  producerEpoch?: number
  baseSequence?: number
  compression?: 'none' | 'gzip'
}

/** A batch as a client sends it: base offset 0, one record for each value. */
export function batchOf(options: BatchOptions = {}): Buffer {
  const { values = ['value'], keys = [], timestamp = 1000, ...header } = options
  const records = values.map((value, index) => ({
    timestamp,
    key: keys[index] == null ? null : Buffer.from(keys[index]),
    value: value === null ? null : Buffer.from(value),
    headers: [],
  }))
  // A buffer of its own, as the network has it.
  return Buffer.from(buildRecordBatch({ baseOffset: 0, records, ...header }))
}

/** Appends as a client does, and waits until it is durable. Resolves with the base offset. */
export async function appendDurably(log: PartitionLog, options?: BatchOptions): Promise<number> {
  const { baseOffset, nextOffset } = log.append(batchOf(options), { origin: 'client' })
  await whenDurable(log, nextOffset)
  return baseOffset
}

export function whenDurable(log: PartitionLog, offset: number): Promise<void> {
  return new Promise((resolve, reject) => log.whenDurable(offset, error => (error ? reject(error) : resolve())))
}

export async function readBatches(log: PartitionLog, options: Partial<ReadOptions> = {}): Promise<RecordBatch[]> {
  const result = await log.read({
    fromOffset: log.logStartOffset,
    maxBytes: 1024 * 1024,
    minOneBatch: true,
    isolation: 'highWatermark',
    ...options,
  })
  return result.records.flatMap(buffer => [...recordBatches(buffer)])
}

/** All values from the offset to the high watermark, with their offsets, read in pieces of `maxBytes`. */
export async function readValues(
  log: PartitionLog,
  fromOffset = log.logStartOffset,
  maxBytes = 64 * 1024,
): Promise<string[]> {
  const values: string[] = []
  let offset = fromOffset
  while (offset < log.highWatermark) {
    const batches = await readBatches(log, { fromOffset: offset, maxBytes })
    if (batches.length === 0) throw new Error(`nothing at ${offset}, below the high watermark ${log.highWatermark}`)
    for (const batch of batches) {
      if (!batch.isCrcValid()) throw new Error(`bad CRC at ${batch.baseOffset}`)
      for (const record of batch.records({ maxDecompressedBytes: 1024 * 1024 })) {
        if (record.offset >= fromOffset) values.push(`${record.offset}:${record.value}`)
      }
      offset = batch.nextOffset
    }
  }
  return values
}
