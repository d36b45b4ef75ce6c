/** One record batch as a producer sends it, made so that each of its records can be told from all others wherever it is found. */

import { buildRecordBatch, type Compression, type Record } from '@ottla/protocol'
import type { SeededRandom } from '../../packages/log/src/testing/seeded-random.ts'

export interface Attempt {
  readonly id: number
  /** Begin with the record's identity, `id:index:`. */
  readonly texts: readonly string[]
  readonly keys: readonly string[]
  /** Indexes of records without a value: their text is in a header. */
  readonly tombstones: ReadonlySet<number>
  /** CreateTime of its records. */
  readonly timestampMs: number
  readonly acks: -1 | 0 | 1
  /** `refused`: the answer says that it was not stored, and that is final. Everything but `acknowledged` may or may not be there. */
  state: 'sent' | 'acknowledged' | 'refused'
}

export interface AttemptOptions {
  id: number
  random: SeededRandom
  acks: -1 | 0 | 1
  timestampMs: number
  /** With few keys and with tombstones, so that compaction has work. */
  isKeyed: boolean
}

const keyCount = 5

export function newAttempt({ id, random, acks, timestampMs, isKeyed }: AttemptOptions): Attempt {
  const count = random.chance(0.5) ? 1 : random.between(2, 5)
  const longest = random.weighted({ short: 6, medium: 3, long: 1 })
  const size = { short: 20, medium: 300, long: 1500 }[longest]
  const indexes = Array.from({ length: count }, (_, index) => index)
  return {
    id,
    texts: indexes.map(index => `${id}:${index}:${'x'.repeat(random.below(size))}`),
    keys: indexes.map(() => (isKeyed ? `key-${random.below(keyCount)}` : 'k')),
    tombstones: new Set(isKeyed ? indexes.filter(() => random.chance(0.25)) : []),
    timestampMs,
    acks,
    state: 'sent',
  }
}

/** Null for a record that no attempt has made. */
export function identityOf({ value, headers }: Record): { id: number; index: number; text: string } | null {
  const text = (value ?? headers[0]?.value)?.toString() ?? ''
  const parsed = /^(\d+):(\d+):/.exec(text)
  return parsed && { id: Number(parsed[1]), index: Number(parsed[2]), text }
}

export function recordsOf(
  { texts, keys, tombstones, timestampMs }: Attempt,
  options: { compression: Compression; producerId?: number; producerEpoch?: number; baseSequence?: number },
): Buffer {
  return buildRecordBatch({
    baseOffset: 0,
    records: texts.map((text, index) => ({
      timestamp: timestampMs,
      key: Buffer.from(keys[index]!),
      value: tombstones.has(index) ? null : Buffer.from(text),
      headers: tombstones.has(index) ? [{ key: 'id', value: Buffer.from(text) }] : [],
    })),
    ...options,
  })
}
