/** Storing records without a client, as a producer with `acks=all` would have it: they are where its partitioner puts them, and durable. */

import { isUint8Array } from 'node:util/types'
import type { Broker } from '@ottla/broker'
import { buildRecordBatch } from '@ottla/protocol'
import { murmur2 } from '../murmur2.ts'
import type { RecordInput, RecordPosition } from './api.ts'
import { logsOf } from './records.ts'

/** Rejects with KafkaError where the topic refuses the records; then an unknown part of them is stored, as with any producer. */
export async function produceRecords(
  broker: Broker,
  { topic, records, nowMs }: { topic: string; records: readonly RecordInput[]; nowMs: number },
): Promise<RecordPosition[]> {
  const { metadata, settings } = broker
  if (metadata.topic(topic) === undefined && settings.get('auto.create.topics.enable')) {
    const partitionCount = settings.get('num.partitions')
    await metadata.ensureTopic({ name: topic, partitionCount, overrides: new Map() })
  }
  const logs = logsOf(broker, topic)
  const byPartition = new Map<number, number[]>()
  records.forEach((record, index) => {
    const partition = record.partition ?? partitionOf(record, index, logs.length)
    if (logs[partition] === undefined) throw new RangeError(`${topic} has no partition ${partition}`)
    const indexes = byPartition.get(partition)
    if (indexes === undefined) byPartition.set(partition, [index])
    else indexes.push(index)
  })
  const positions: RecordPosition[] = []
  const stored = [...byPartition].map(([partition, indexes]) => {
    const log = logs[partition]!
    const batch = buildRecordBatch({
      baseOffset: 0,
      records: indexes.map(index => encode(records[index]!, nowMs)),
    })
    const { baseOffset, nextOffset } = log.append(batch, { origin: 'client' })
    indexes.forEach((index, at) => {
      positions[index] = { partition, offset: baseOffset + at }
    })
    return new Promise<void>((resolve, reject) => {
      log.whenDurable(nextOffset, error => (error ? reject(error) : resolve()))
    })
  })
  await Promise.all(stored)
  return positions
}

function partitionOf({ key }: RecordInput, index: number, partitionCount: number): number {
  if (key === undefined || key === null) return index % partitionCount
  return (murmur2(bytesOf(key)) & 0x7f_ff_ff_ff) % partitionCount
}

function encode({ key = null, value, headers = {}, timestamp }: RecordInput, nowMs: number) {
  return {
    timestamp: timestamp ?? nowMs,
    key: key === null ? null : bytesOf(key),
    value: value === null ? null : bytesOf(isPlain(value) ? value : json(value)),
    headers: Object.entries(headers).map(([key, value]) => ({ key, value: bytesOf(value) })),
  }
}

/** Not by its class: a test runner may have one of its own. */
function isPlain(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' || isUint8Array(value)
}

function bytesOf(value: string | Uint8Array): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

function json(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new TypeError(`A record's value can't be ${typeof value}: null makes a tombstone`)
  return text
}
