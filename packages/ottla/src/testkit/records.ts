/** Reading a topic as a consumer with `read_committed` sees it, straight from the log: without a client, a group or a network. */

import type { Broker } from '@ottla/broker'
import type { PartitionLog, ReadResult } from '@ottla/log'
import { type RecordBatch, recordBatches, type Record as StoredRecord } from '@ottla/protocol'
import type { OttlaRecord, ReadOptions } from './api.ts'

const readBytes = 1024 * 1024
const maxDecompressedBytes = 256 * 1024 * 1024

export interface ReadRecordsOptions extends ReadOptions {
  /** Ends the reading, which rejects with its reason. */
  signal: AbortSignal
  /** The topic need not exist yet. */
  waitsForTopic?: boolean
}

export async function* readRecords(
  broker: Broker,
  topic: string,
  { partition, fromOffset = 0, follow = false, signal, waitsForTopic = false }: ReadRecordsOptions,
): AsyncIterable<OttlaRecord> {
  while (waitsForTopic && broker.metadata.topic(topic) === undefined) await somethingChanged(broker, signal)
  const logs = logsOf(broker, topic).filter(log => partition === undefined || log.partition === partition)
  if (logs.length === 0) throw new Error(`${topic} has no partition ${partition}`)
  const readers = logs.map(log => new PartitionReader(log, Math.max(fromOffset, log.logStartOffset)))
  yield* inOrderOfTime(readers.map(reader => reader.readToEnd()))
  while (follow) {
    await somethingNew(readers, signal)
    for (const reader of readers) yield* reader.readToEnd()
  }
}

/** All partitions, in their order. @throws Error that names the topics there are */
export function logsOf({ metadata, logs }: Broker, name: string): PartitionLog[] {
  const topic = metadata.topic(name)
  if (topic === undefined) {
    const names = [...metadata.topics()].map(({ name }) => name)
    throw new Error(`There is no topic ${name}; there is ${names.length === 0 ? 'none' : names.join(', ')}`)
  }
  return Array.from({ length: topic.partitionCount }, (_, partition) => logs.get(name, partition)!)
}

/** Whether anything that a consumer would be given is there from the offset on. */
export async function hasRecordsFrom(log: PartitionLog, offset: number): Promise<boolean> {
  for await (const _ of new PartitionReader(log, Math.max(offset, log.logStartOffset)).readToEnd()) return true
  return false
}

class PartitionReader {
  readonly log: PartitionLog
  #nextOffset: number

  constructor(log: PartitionLog, fromOffset: number) {
    this.log = log
    this.#nextOffset = fromOffset
  }

  get isAtEnd(): boolean {
    return this.#nextOffset >= this.log.lastStableOffset
  }

  /** What is there when each read begins, so that an endless producer does not make it endless. */
  async *readToEnd(): AsyncIterable<OttlaRecord> {
    const endOffset = this.log.lastStableOffset
    while (this.#nextOffset < endOffset) {
      const before = this.#nextOffset
      const result = await this.log.read({
        fromOffset: before,
        maxBytes: readBytes,
        minOneBatch: true,
        isolation: 'lastStableOffset',
      })
      for (const batch of batchesOf(result)) {
        for (const record of this.#visibleRecords(batch, result)) {
          if (record.offset < this.#nextOffset) continue
          this.#nextOffset = record.offset + 1
          yield this.#show(record)
        }
        this.#nextOffset = Math.max(this.#nextOffset, batch.nextOffset)
      }
      if (this.#nextOffset === before) return // compaction has left nothing behind this offset
    }
  }

  /** What no reader with `read_committed` is given is left out: control records, and all of a producer between begin and abort (KIP-98). */
  *#visibleRecords(batch: RecordBatch, { abortedTransactions = [] }: ReadResult): Iterable<StoredRecord> {
    if (batch.isControl) return
    const isAborted = abortedTransactions.some(
      ({ producerId, firstOffset, lastOffset }) =>
        producerId === batch.producerId && firstOffset <= batch.baseOffset && batch.baseOffset <= lastOffset,
    )
    if (!(batch.isTransactional && isAborted)) yield* batch.records({ maxDecompressedBytes })
  }

  #show({ offset, timestamp, key, value, headers }: StoredRecord): OttlaRecord {
    const { topic, partition } = this.log
    const text = value?.toString('utf8') ?? null
    return {
      topic,
      partition,
      offset,
      timestamp,
      key: key?.toString('utf8') ?? null,
      value: text,
      headers: Object.fromEntries(headers.map(({ key, value }) => [key, value?.toString('utf8') ?? ''])),
      // Copies: the log keeps the originals.
      keyBytes: key && Uint8Array.from(key),
      valueBytes: value && Uint8Array.from(value),
      json() {
        if (text === null) throw new SyntaxError(`${topic}-${partition}@${offset} is a tombstone: it has no value`)
        return JSON.parse(text)
      },
    }
  }
}

function* batchesOf({ records }: ReadResult): Iterable<RecordBatch> {
  for (const buffer of records) yield* recordBatches(buffer)
}

/** Merges streams that are in order themselves (of offsets): the earliest of their next records comes first. */
async function* inOrderOfTime(streams: readonly AsyncIterable<OttlaRecord>[]): AsyncIterable<OttlaRecord> {
  const iterators = streams.map(stream => stream[Symbol.asyncIterator]())
  const next = await Promise.all(iterators.map(iterator => iterator.next()))
  for (;;) {
    let earliest = -1
    next.forEach(({ done, value }, index) => {
      if (!done && (earliest < 0 || value.timestamp < next[earliest]!.value.timestamp)) earliest = index
    })
    if (earliest < 0) return
    yield next[earliest]!.value
    next[earliest] = await iterators[earliest]!.next()
  }
}

/** Resolves when the broker's metadata has changed, and shows it. Rejects with the signal's reason. */
async function somethingChanged({ logs, metadata }: Broker, signal: AbortSignal): Promise<void> {
  const log = logs.get('__cluster_metadata', 0)
  if (log === undefined) throw new Error('A broker that runs has a metadata log')
  await untilEvent(signal, onEvent => [log.onHighWatermark(onEvent)])
  await metadata.whenIdle() // what is durable is shown by then
}

/** Resolves when one of them is not at its end. Rejects with the signal's reason. */
async function somethingNew(readers: readonly PartitionReader[], signal: AbortSignal): Promise<void> {
  if (readers.some(reader => !reader.isAtEnd)) return
  await untilEvent(signal, onEvent => readers.map(({ log }) => log.onHighWatermark(onEvent)))
}

async function untilEvent(signal: AbortSignal, subscribe: (onEvent: () => void) => (() => void)[]): Promise<void> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const subscriptions = subscribe(resolve)
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    await promise
  } finally {
    signal.removeEventListener('abort', abort)
    for (const unsubscribe of subscriptions) unsubscribe()
  }
}
