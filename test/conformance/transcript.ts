/**
 * A transcript in a form that two brokers can have in common: fields by name, in the version's own set, without what holds
 * its default; and what must differ between any two brokers (ids they made, their port, the time) replaced by names in the
 * order of appearance. Lists in answers are put in order, because Kafka gives most of them in the order of a hash table.
 *
 * Every replacement hides a difference, so there are few, and each is tied to what the broker itself made.
 */
import {
  type AnyApi,
  CorruptBatchError,
  crc32c,
  errorName,
  type Field,
  type Fields,
  type RecordBatch,
  recordBatches,
  zeroUuid,
} from '@ottla/protocol'
import type { Exchange } from './conversation.ts'

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
type JsonObject = { [name: string]: Json }

export interface RenderedExchange {
  /** `Heartbeat v3`, or `frame` where bytes were made by hand. */
  readonly asked: string
  readonly client: string
  readonly request: Json
  readonly answer: Json
}

export interface Surroundings {
  readonly port: number
  /** What begins the names of the scenario's own things. */
  readonly prefix: string
  /** About when it ran, in milliseconds since 1970. */
  readonly nowMs: number
}

/** The order of these lists means something to a client. */
const orderedApis = new Set(['Fetch', 'DescribeTopicPartitions'])
/** How much was ever changed differs. */
const metadataOffsets = new Set([
  'ApiVersions finalizedFeaturesEpoch',
  'DescribeQuorum highWatermark',
  'DescribeQuorum logEndOffset',
])
const NOW_TOLERANCE_MS = 2 * 3_600_000
const LONGEST_VALUE_SHOWN = 120
/** The form of the ids that the broker gives to members of the new group protocol. */
const shortUuidPattern = /^[A-Za-z0-9_-]{22}$/
const uuidPattern = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

export function renderTranscript(exchanges: readonly Exchange[], surroundings: Surroundings): RenderedExchange[] {
  const names = new Names()
  return exchanges.map(({ client, api, version, request, answer, answeredAs }) => {
    const render = (side: 'request' | 'response', value: Exchange['answer'], as: typeof answeredAs): Json => {
      if (typeof value === 'string') return value
      if (Buffer.isBuffer(value) || as === undefined) return renderBytes(value as Buffer)
      const renderer = new Renderer({ ...as, isAnswer: side === 'response', names, surroundings })
      return renderer.fields(as.api[side].fields, value as JsonValues)
    }
    const sent = api === null ? undefined : { api, version }
    return {
      asked: api === null ? 'frame' : `${api.name} v${version}`,
      client,
      request: render('request', request, sent),
      answer: render('response', answer, answeredAs ?? sent),
    }
  })
}

type JsonValues = { readonly [name: string]: unknown }

/** What the broker made, by what it is, in the order of appearance. */
class Names {
  readonly #given = new Map<string, string>()
  readonly #counts = new Map<string, number>()

  get(kind: string, value: string): string | undefined {
    return this.#given.get(`${kind} ${value}`)
  }

  give(kind: string, value: string): string {
    const known = this.get(kind, value)
    if (known !== undefined) return known
    const count = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, count)
    const name = `<${kind} ${count}>`
    this.#given.set(`${kind} ${value}`, name)
    return name
  }

  /** Values of a kind that have a name. */
  *known(kind: string): Iterable<[value: string, name: string]> {
    for (const [key, name] of this.#given) if (key.startsWith(`${kind} `)) yield [key.slice(kind.length + 1), name]
  }
}

interface RendererOptions {
  readonly api: AnyApi
  readonly version: number
  readonly isAnswer: boolean
  readonly names: Names
  readonly surroundings: Surroundings
}

class Renderer {
  readonly #api: AnyApi
  readonly #version: number
  readonly #isAnswer: boolean
  readonly #names: Names
  readonly #surroundings: Surroundings
  /** While a list is put in order, nothing gets a name yet. */
  #isPeeking = false

  constructor({ api, version, isAnswer, names, surroundings }: RendererOptions) {
    this.#api = api
    this.#version = version
    this.#isAnswer = isAnswer
    this.#names = names
    this.#surroundings = surroundings
  }

  fields(fields: Fields, values: JsonValues): JsonObject {
    const rendered: JsonObject = {}
    for (const [name, field] of Object.entries(fields)) {
      const { since = 0, until = Number.POSITIVE_INFINITY } = field.options
      if (this.#version < since || this.#version > until || isDefault(field, values[name])) continue
      rendered[name] = this.#value(name, field, values[name])
    }
    return rendered
  }

  #value(name: string, field: Field, value: unknown): Json {
    if (value === null) return null
    switch (field.type) {
      case 'array':
        return this.#list(name, field.element!, value as unknown[])
      case 'struct':
        return this.fields(field.fields!, value as JsonValues)
      case 'bytes':
        return renderBytes(value as Buffer)
      case 'records':
        return this.#records(value as Buffer)
      case 'string':
        return this.#text(name, value as string)
      case 'uuid':
        return value === zeroUuid ? '<no id>' : this.#name('topic id', value as string)
      case 'int64':
        return this.#int64(name, value as bigint)
      case 'boolean':
        return value as boolean
      default:
        return this.#number(name, field, value as number)
    }
  }

  #list(name: string, element: Field, values: readonly unknown[]): Json[] {
    const inOrder = this.#isAnswer && !orderedApis.has(this.#api.name) ? this.#sorted(name, element, values) : values
    return inOrder.map(value => this.#value(name, element, value))
  }

  /** By what the elements look like before anything in them gets a new name. */
  #sorted(name: string, element: Field, values: readonly unknown[]): unknown[] {
    const wasPeeking = this.#isPeeking
    this.#isPeeking = true
    const keyed = values.map(value => ({ value, key: JSON.stringify(this.#value(name, element, value)) }))
    this.#isPeeking = wasPeeking
    return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ value }) => value)
  }

  #number(name: string, { type }: Field, value: number): Json {
    if (type === 'int16' && /errorCode$/i.test(name)) return errorName(value)
    if (name === 'port' && value === this.#surroundings.port) return '<port>'
    if (name === 'sessionId' && this.#api.name === 'Fetch') return this.#learned('session', String(value)) ?? value
    if (name === 'subscriptionId') return this.#learned('subscription', String(value)) ?? value
    return value
  }

  #int64(name: string, value: bigint): Json {
    if (/producerId(Filters)?$/i.test(name)) {
      const isMade = this.#api.name === 'InitProducerId'
      const known = isMade ? this.#learned('producer id', String(value)) : this.#names.get('producer id', String(value))
      if (known !== undefined) return known
    }
    if (metadataOffsets.has(`${this.#api.name} ${name}`)) return '<metadata offset>'
    return this.#time(value)
  }

  /** Ids are learned from the answers in which the broker makes them; the same number elsewhere may be the scenario's own. */
  #learned(kind: string, value: string): string | undefined {
    return this.#isAnswer ? this.#name(kind, value) : this.#names.get(kind, value)
  }

  #time(value: bigint | number): Json {
    const isNow = Math.abs(Number(value) - this.#surroundings.nowMs) < NOW_TOLERANCE_MS
    if (isNow) return '<now>'
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  }

  #text(name: string, value: string): string {
    if (name === 'clusterId') return this.#learned('cluster id', value) ?? value
    if (name === 'logDir' || name === 'path') return this.#learned('log directory', value) ?? value
    if ((name === 'memberId' || name === 'leader') && shortUuidPattern.test(value))
      return this.#name('short uuid', value)
    let text = value
      .replaceAll(this.#surroundings.prefix, '~')
      .replaceAll(uuidPattern, uuid => this.#name('uuid', uuid))
    for (const [id, known] of this.#names.known('topic id')) text = text.replaceAll(id, known)
    for (const [id, known] of this.#names.known('producer id')) {
      text = text.replaceAll(new RegExp(`(producer ?id:? ?)${id}\\b`, 'gi'), (_, words: string) => `${words}${known}`)
    }
    text = text.replaceAll(/should be within \[\d+, \d+\]/g, 'should be within [<time>, <time>]')
    return text.replaceAll(`127.0.0.1:${this.#surroundings.port}`, '127.0.0.1:<port>')
  }

  #name(kind: string, value: string): string {
    return this.#isPeeking ? (this.#names.get(kind, value) ?? `<${kind} ?>`) : this.#names.give(kind, value)
  }

  /** The batches as a client reads them; of what is no whole batch, the size. */
  #records(buffer: Buffer): Json {
    const rendered: Json[] = []
    let end = 0
    try {
      for (const batch of recordBatches(buffer)) {
        rendered.push(this.#batch(batch))
        end += batch.sizeInBytes
      }
    } catch (error) {
      if (!(error instanceof CorruptBatchError)) throw error
      rendered.push({ noWholeBatch: buffer.length - end, crc32c: crc32c(buffer, end) })
    }
    return rendered
  }

  #batch(batch: RecordBatch): Json {
    const appendTime = batch.timestampType === 'LogAppendTime'
    const producerId = String(batch.producerId)
    return {
      baseOffset: batch.baseOffset,
      lastOffsetDelta: batch.lastOffsetDelta,
      leaderEpoch: batch.partitionLeaderEpoch,
      ...(batch.attributes === 0 ? {} : { attributes: batch.attributes }),
      ...(batch.isCrcValid() ? {} : { crc: 'wrong' }),
      baseTimestamp: this.#time(batch.baseTimestamp),
      maxTimestamp: this.#time(batch.maxTimestamp),
      ...(batch.producerId === -1
        ? {}
        : {
            producerId: this.#names.get('producer id', producerId) ?? batch.producerId,
            producerEpoch: batch.producerEpoch,
            baseSequence: batch.baseSequence,
          }),
      records: [...batch.records({ maxDecompressedBytes: 16 * 1024 * 1024 })].map(
        ({ timestamp, key, value, headers }) => [
          appendTime ? '<append time>' : this.#time(timestamp),
          key === null ? null : renderBytes(key),
          value === null ? null : renderBytes(value),
          ...headers.map(header => [header.key, header.value === null ? null : renderBytes(header.value)]),
        ],
      ),
    }
  }
}

function isDefault({ type, options }: Field, value: unknown): boolean {
  if (options.default !== undefined) return value === options.default || (type === 'array' && isEmpty(value))
  switch (type) {
    case 'boolean':
      return value === false
    case 'int64':
      return value === 0n
    case 'string':
      return value === ''
    case 'uuid':
      return value === zeroUuid
    case 'array':
      return isEmpty(value)
    case 'bytes':
    case 'records':
    case 'struct':
      return false
    default:
      return value === 0
  }
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** Text where it is text, so that recordings can be read. */
function renderBytes(bytes: Buffer): Json {
  if (bytes.length > LONGEST_VALUE_SHOWN) return { bytes: bytes.length, crc32c: crc32c(bytes, 0, bytes.length) }
  const text = bytes.toString('latin1')
  return /^[\x20-\x7e]*$/.test(text) ? text : { base64: bytes.toString('base64') }
}
