/**
 * One trace per order, through every hop: W3C Trace Context. Each hop keeps the trace id and takes a span id of its own;
 * a header that does not parse starts a new trace, as the specification asks.
 */
import { randomBytes } from 'node:crypto'

const pattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/

/** @returns the `traceparent` for the next hop, in the same trace as the given one */
export function nextHop(traceparent?: string): string {
  const traceId = pattern.exec(traceparent ?? '')?.[1] ?? randomBytes(16).toString('hex')
  return `00-${traceId}-${randomBytes(8).toString('hex')}-01`
}

export function traceIdOf(traceparent: string): string | undefined {
  return pattern.exec(traceparent)?.[1]
}

export function spanIdOf(traceparent: string): string | undefined {
  return pattern.exec(traceparent)?.[2]
}
