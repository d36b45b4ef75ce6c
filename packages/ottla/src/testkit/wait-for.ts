/** Waiting for a record, with an error that tells what came instead. */

import type { OttlaRecord } from './api.ts'

export interface WaitForOptions {
  topic: string
  /** Follows the topic; ends when the signal aborts. */
  records: (signal: AbortSignal) => AsyncIterable<OttlaRecord>
  predicate: (record: OttlaRecord) => boolean
  timeoutMs: number
  /** Aborts when the broker's state is gone. */
  signal: AbortSignal
}

const shownRecords = 10
const shownCharacters = 200

export async function waitForRecord(options: WaitForOptions): Promise<OttlaRecord> {
  const { topic, records, predicate, timeoutMs, signal } = options
  const last: OttlaRecord[] = []
  let count = 0
  let thrown: unknown
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(), timeoutMs)
  try {
    for await (const record of records(AbortSignal.any([signal, timeout.signal]))) {
      try {
        if (predicate(record)) return record
      } catch (error) {
        thrown = error
      }
      count++
      last.push(record)
      if (last.length > shownRecords) last.shift()
    }
    throw new Error(`${topic} was read to its end, which has none`)
  } catch (error) {
    if (!timeout.signal.aborted || signal.aborted) throw error
    throw new Error(
      describeArrivals({ topic, timeoutMs, count, last, thrown }),
      thrown === undefined ? {} : { cause: thrown },
    )
  } finally {
    clearTimeout(timer)
  }
}

function describeArrivals(options: {
  topic: string
  timeoutMs: number
  count: number
  last: readonly OttlaRecord[]
  thrown: unknown
}): string {
  const { topic, timeoutMs, count, last, thrown } = options
  const lines = [`No record of ${topic} matched within ${timeoutMs} ms.`]
  if (count === 0) lines.push('None arrived.')
  else lines.push(`${count} arrived${count > last.length ? `, of which these are the last ${last.length}` : ''}:`)
  lines.push(...last.map(describe))
  if (thrown !== undefined) lines.push(`The predicate threw for at least one of them: ${thrown}`)
  return lines.join('\n')
}

function describe({ partition, offset, key, value, headers }: OttlaRecord): string {
  const parts = [`  ${partition}@${offset}`, `key ${shown(key)}`, `value ${shown(value)}`]
  const names = Object.entries(headers).map(([name, text]) => `${name}=${shown(text)}`)
  if (names.length > 0) parts.push(`headers ${names.join(' ')}`)
  return parts.join('  ')
}

function shown(text: string | null): string {
  if (text === null) return 'null'
  return JSON.stringify(text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text)
}
