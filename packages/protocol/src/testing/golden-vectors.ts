/**
 * The bytes that Apache Kafka's own serializers wrote: three contents for each version of each message, all defaults, random, and
 * random with nothing null or empty. For tests only.
 */

import { readFileSync } from 'node:fs'

export interface GoldenVector {
  message: string
  version: number
  /** Kafka's JSON form; integers that a number cannot hold are bigints. */
  json: { readonly [name: string]: unknown }
  hex: string
}

export const goldenVectors: readonly GoldenVector[] = readFileSync(
  new URL('../../fixtures/messages.golden.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map(line => JSON.parse(line, exactIntegers))

/** `context.source` is the literal as it stands in the text. */
function exactIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  const literal = context?.source
  const isInexact = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
  return isInexact && literal && /^-?\d+$/.test(literal) ? BigInt(literal) : value
}
