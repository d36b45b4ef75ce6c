/** `ottla produce`: a record for each line of standard input or of files, stored by all replicas before the command ends. */

import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Compression } from '@ottla/protocol'
import type { Cluster, ClusterTopic } from '../../client/cluster.ts'
import { NotFoundError, RefusedError } from '../../client/errors.ts'
import { produceRecords, type RecordToProduce } from '../../client/records.ts'
import { murmur2 } from '../../murmur2.ts'
import { note, printJson } from './output.ts'
import { type ClientOptions, withCluster } from './session.ts'

export interface ProduceOptions extends ClientOptions {
  readonly key?: string
  readonly keySeparator?: string
  readonly header: ReadonlyMap<string, string>
  readonly partition?: number
  readonly compression: Compression
  /** Lines are objects, as `ottla consume --json` prints them. */
  readonly ndjson?: boolean
}

/** Records that are sent together; what has come when a send begins goes with it, however little it is. */
const maxBatchRecords = 1_000
const maxWaitingRecords = 10_000

export function produce(name: string, files: readonly string[], options: ProduceOptions): Promise<number> {
  return withCluster(options, async cluster => {
    const topic = await cluster.topic(name)
    const { partition } = options
    if (partition !== undefined && topic.partitions[partition] === undefined) {
      throw new NotFoundError(`${name} has no partition ${partition}`)
    }
    let stored = 0
    if (files.length === 0) stored = await produceLines(cluster, topic, process.stdin, options)
    for (const file of files) stored += await produceLines(cluster, topic, createReadStream(file), options)
    if (options.json) printJson({ topic: name, records: stored })
    else note(`Stored ${stored} records in ${name}`)
  })
}

/** One send is under way at a time, so that records keep the order of their lines. */
async function produceLines(
  cluster: Cluster,
  topic: ClusterTopic,
  input: NodeJS.ReadableStream,
  options: ProduceOptions,
): Promise<number> {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  const waiting: RecordToProduce[] = []
  let count = 0
  let sending: Promise<void> | null = null
  let failure: unknown = null
  const send = async (): Promise<void> => {
    while (waiting.length > 0 && failure === null) {
      const records = waiting.splice(0, maxBatchRecords)
      await produceRecords(cluster, topic, { records, compression: options.compression })
    }
  }
  for await (const line of lines) {
    waiting.push(toRecord(line, { topic, number: ++count, options }))
    sending ??= send()
      .catch(error => {
        failure = error
        lines.close() // the next line may never come
      })
      .finally(() => {
        sending = null
      })
    if (waiting.length >= maxWaitingRecords) await sending
  }
  await sending
  if (failure !== null) throw failure
  await send()
  return count
}

function toRecord(
  line: string,
  { topic, number, options }: { topic: ClusterTopic; number: number; options: ProduceOptions },
): RecordToProduce {
  const given = options.ndjson ? fromJson(line, number) : fromText(line, options)
  const key = given.key ?? (options.key === undefined ? null : Buffer.from(options.key))
  const headers = [...options.header].map(([name, text]) => ({ key: name, value: Buffer.from(text) }))
  const count = topic.partitions.length
  // As Kafka's producers choose: by the key, else a batch of lines for each partition in turn.
  const chosen = key === null ? Math.floor(number / maxBatchRecords) % count : (murmur2(key) & 0x7f_ff_ff_ff) % count
  const partition = options.partition ?? given.partition ?? chosen
  if (topic.partitions[partition] === undefined)
    throw new RefusedError(`Line ${number}: ${topic.name} has no partition ${partition}`)
  return {
    partition,
    timestamp: given.timestamp ?? Date.now(),
    key,
    value: given.value,
    headers: [...given.headers, ...headers],
  }
}

interface GivenRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { key: string; value: Buffer | null }[]
  readonly partition?: number
  readonly timestamp?: number
}

function fromText(line: string, { keySeparator }: ProduceOptions): GivenRecord {
  const at = keySeparator === undefined ? -1 : line.indexOf(keySeparator)
  if (at < 0) return { key: null, value: Buffer.from(line), headers: [] }
  const value = line.slice(at + keySeparator!.length)
  return { key: Buffer.from(line.slice(0, at)), value: Buffer.from(value), headers: [] }
}

/** @throws RefusedError that names the line */
function fromJson(line: string, number: number): GivenRecord {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    throw new RefusedError(`Line ${number} is no JSON: each line has to be an object like {"key":"k","value":"v"}`)
  }
  if (
    typeof parsed !== 'object' ||
    parsed === null ||
    Array.isArray(parsed) ||
    !('value' in parsed || 'valueBase64' in parsed)
  ) {
    throw new RefusedError(`Line ${number} has no value: each line has to be an object like {"key":"k","value":"v"}`)
  }
  const { key, keyBase64, value, valueBase64, headers, partition, timestamp } = parsed as Record<string, unknown>
  return {
    key: bytesOf(key, keyBase64),
    value: bytesOf(value, valueBase64),
    headers: Object.entries((headers ?? {}) as object).map(([name, text]) => ({
      key: name,
      value: bytesOf(text, undefined),
    })),
    ...(typeof partition === 'number' && { partition }),
    ...(typeof timestamp === 'number' && { timestamp }),
  }
}

function bytesOf(value: unknown, base64: unknown): Buffer | null {
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64')
  if (value === undefined || value === null) return null
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}
