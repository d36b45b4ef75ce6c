/** A place in a topic, as people say it: `beginning`, `end`, `4711`, `+10`, `-10`, `30m` (so long ago), `2026-11-25T10:00`. */

import { InvalidArgumentError } from 'commander'

export type Place =
  | { readonly kind: 'beginning' }
  | { readonly kind: 'end' }
  | { readonly kind: 'offset'; readonly offset: number }
  /** From where one is. */
  | { readonly kind: 'shift'; readonly by: number }
  | { readonly kind: 'time'; readonly timestampMs: number }

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** @throws InvalidArgumentError */
export function parsePlace(text: string, nowMs = Date.now()): Place {
  if (text === 'beginning' || text === 'end') return { kind: text }
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { kind: 'offset', offset: Number(text) }
  if (/^[+-]\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { kind: 'shift', by: Number(text) }
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? []
  if (unit !== undefined) {
    return { kind: 'time', timestampMs: nowMs - Number(count) * unitsMs[unit as keyof typeof unitsMs] }
  }
  const timestampMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(timestampMs)) return { kind: 'time', timestampMs }
  throw new InvalidArgumentError(
    'Expected beginning, end, an offset (4711), a time (2026-11-25T10:00) or how long ago (30s, 15m, 2h, 7d).',
  )
}
