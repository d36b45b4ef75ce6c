/** `ottla consume`: records of a topic to standard output, without a group, so that nothing changes by looking. */

import type { Record as StoredRecord } from '@ottla/protocol'
import type { Cluster, ClusterTopic } from '../../client/cluster.ts'
import { NotFoundError } from '../../client/errors.ts'
import { offsetAt, offsetOf } from '../../client/offsets.ts'
import { type ReadRecord, readTopic } from '../../client/records.ts'
import { note, printJson } from './output.ts'
import type { Place } from './place.ts'
import { type ClientOptions, withCluster } from './session.ts'

export interface ConsumeOptions extends ClientOptions {
  readonly from: Place
  readonly last?: number
  readonly untilEnd?: boolean
  readonly max?: number
  readonly partition?: number
  readonly key?: string
  readonly grep?: RegExp
  readonly header: ReadonlyMap<string, string>
  readonly verbose?: boolean
  readonly uncommitted?: boolean
}

export function consume(name: string, options: ConsumeOptions): Promise<number> {
  return withCluster(options, async cluster => {
    const topic = await cluster.topic(name)
    const partitions = topic.partitions
      .map(({ partition }) => partition)
      .filter(partition => options.partition === undefined || partition === options.partition)
    if (partitions.length === 0) throw new NotFoundError(`${name} has no partition ${options.partition}`)
    const stop = new AbortController()
    // A first Ctrl-C ends the reading, and with it the command, with 0.
    process.once('SIGINT', () => stop.abort())
    process.once('SIGTERM', () => stop.abort())
    const ends = await positions(cluster, name, partitions, { kind: 'end' })
    const from =
      options.last === undefined ? await positions(cluster, name, partitions, options.from) : new Map<number, number>()
    if (options.last !== undefined) {
      const starts = await positions(cluster, name, partitions, { kind: 'beginning' })
      for (const [partition, end] of ends) from.set(partition, Math.max(end - options.last, starts.get(partition)!))
    }
    const isBounded = options.untilEnd || options.last !== undefined
    const records = readTopic(cluster, {
      topic,
      from,
      until: isBounded ? ends : null,
      isReadCommitted: !options.uncommitted,
      signal: stop.signal,
    })
    if (options.last === undefined) await printMatching(topic, records, options)
    else await printLast(topic, records, { ...options, last: options.last })
    if (options.verbose && isBounded) note(`Read to the end of ${name}`)
  })
}

async function positions(cluster: Cluster, topic: string, partitions: readonly number[], place: Place) {
  const offsets = await Promise.all(
    partitions.map(async (partition): Promise<[number, number]> => {
      const at = (timestamp: number) => offsetOf(cluster, { topic, partition }, timestamp)
      if (place.kind === 'beginning') return [partition, await at(offsetAt.beginning)]
      if (place.kind === 'end') return [partition, await at(offsetAt.end)]
      if (place.kind === 'time') return [partition, await at(place.timestampMs)]
      // What is said is kept within what there is: `-10` means the last ten, `+10` all but the first ten.
      const [start, end] = [await at(offsetAt.beginning), await at(offsetAt.end)]
      const wanted = place.kind === 'offset' ? place.offset : (place.by < 0 ? end : start) + place.by
      return [partition, Math.min(Math.max(wanted, start), end)]
    }),
  )
  return new Map(offsets)
}

async function printMatching(topic: ClusterTopic, records: AsyncIterable<ReadRecord>, options: ConsumeOptions) {
  let count = 0
  for await (const record of records) {
    if (!matches(record.record, options)) continue
    print(topic, record, options)
    count++
    if (count === options.max) return
    // What a pipe does not take yet must not pile up here.
    if (process.stdout.writableNeedDrain) await new Promise(resolve => process.stdout.once('drain', resolve))
  }
}

/** Over all partitions, in the order of their times. */
async function printLast(
  topic: ClusterTopic,
  records: AsyncIterable<ReadRecord>,
  options: ConsumeOptions & { last: number },
) {
  const found: ReadRecord[] = []
  for await (const record of records) if (matches(record.record, options)) found.push(record)
  found.sort((a, b) => a.record.timestamp - b.record.timestamp)
  for (const record of found.slice(-Math.min(options.last, options.max ?? options.last))) print(topic, record, options)
}

function matches({ key, value, headers }: StoredRecord, options: ConsumeOptions): boolean {
  if (options.key !== undefined && key?.toString('utf8') !== options.key) return false
  if (options.grep !== undefined && !(value !== null && options.grep.test(value.toString('utf8')))) return false
  for (const [name, text] of options.header) {
    if (!headers.some(header => header.key === name && header.value?.toString('utf8') === text)) return false
  }
  return true
}

function print(topic: ClusterTopic, { partition, record }: ReadRecord, options: ConsumeOptions): void {
  const { offset, timestamp, key, value, headers } = record
  if (options.json) {
    printJson({
      topic: topic.name,
      partition,
      offset,
      timestamp,
      ...bytesAs('key', key),
      ...bytesAs('value', value),
      headers: Object.fromEntries(headers.map(({ key, value }) => [key, value?.toString('utf8') ?? null])),
    })
  } else if (options.verbose) {
    const names = headers.map(({ key, value }) => `${key}=${value?.toString('utf8') ?? ''}`)
    const parts = [`${partition}@${offset}`, new Date(timestamp).toISOString(), key?.toString('utf8') ?? '-', ...names]
    process.stdout.write(`${parts.join('  ')}\n${value?.toString('utf8') ?? ''}\n`)
  } else {
    if (value !== null) process.stdout.write(value)
    process.stdout.write('\n')
  }
}

/** As text where it is UTF-8, else as `…Base64`, so that `ottla produce --json` stores the same bytes. */
function bytesAs(name: string, bytes: Buffer | null): Record<string, string | null> {
  if (bytes === null) return { [name]: null }
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) ? { [name]: text } : { [`${name}Base64`]: bytes.toString('base64') }
}
