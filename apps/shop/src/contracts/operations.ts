/**
 * What a person who looks after a service can ask of it and do: parked keys and dead letters. Every service serves these routes;
 * the gateway has them under `/services/<name>`.
 */
import { z } from 'zod'
import { problem, type Route } from './http.ts'

const parkedEvent = z.object({
  eventId: z.string(),
  type: z.string(),
  subject: z.string().describe('the key: its later events wait behind the first'),
  position: z.string().describe('topic/partition@offset'),
  attempts: z.int().describe('0: it only waits behind another'),
  error: z.string().optional(),
  parkedAt: z.string(),
  retryAt: z.string().optional().describe('when it is tried again by itself'),
})
export type ParkedView = z.output<typeof parkedEvent>

const parkedKey = z.object({ first: parkedEvent, waiting: z.int().describe('events behind the first') })
export type ParkedKeyView = z.output<typeof parkedKey>

const drained = z.object({
  done: z.int().describe('events that had their effect'),
  failed: z.int().describe('keys whose first event failed again'),
  error: z.string().optional(),
})

const deadLetter = z.object({
  id: z.string(),
  position: z.string().describe('topic/partition@offset'),
  error: z.string(),
  at: z.string(),
})
export type DeadLetterView = z.output<typeof deadLetter>

const decision = z.object({
  at: z.string(),
  action: z.enum(['retried', 'skipped']),
  kind: z.enum(['parked', 'dead-letter']),
  reference: z.string(),
  detail: z.string(),
})
export type DecisionView = z.output<typeof decision>

const listing = z.object({ limit: z.coerce.number().int().min(1).max(500).default(100) })
const skipReason = z.strictObject({ reason: z.string().trim().min(1).max(500) })

const replayFrom = z.strictObject({
  topic: z.string().describe('all topics if it is not given').optional(),
  partition: z.int().min(0).describe('all of its partitions if it is not given').optional(),
  offset: z.int().min(0).default(0),
})

type Operation = Omit<Route, 'service'>
const operation = <O extends Operation>(definition: O): O => definition

export const listParked = operation({
  method: 'GET',
  url: '/parked',
  summary: 'Keys that are parked, the longest first',
  querystring: listing,
  response: { 200: z.object({ keys: z.array(parkedKey), events: z.int().describe('in all keys') }) },
})

export const getParked = operation({
  method: 'GET',
  url: '/parked/:eventId',
  summary: 'One parked event, whole',
  params: z.object({ eventId: z.string() }),
  response: { 200: parkedEvent.extend({ event: z.looseObject({}) }), 404: problem },
})

export const retryParked = operation({
  method: 'POST',
  url: '/parked/retry',
  summary: 'Try all parked keys now',
  response: { 200: drained },
})

export const retryParkedKey = operation({
  method: 'POST',
  url: '/parked/keys/:subject/retry',
  summary: 'Try one parked key now',
  params: z.object({ subject: z.string() }),
  response: { 200: drained },
})

export const skipParked = operation({
  method: 'POST',
  url: '/parked/:eventId/skip',
  summary: 'Give a parked event up, with a reason; those behind it go on',
  params: z.object({ eventId: z.string() }),
  body: skipReason,
  response: { 200: drained, 404: problem, 422: problem },
})

export const listDeadLetters = operation({
  method: 'GET',
  url: '/dead-letters',
  summary: 'Records that could not be decoded, the newest first',
  querystring: listing,
  response: { 200: z.object({ letters: z.array(deadLetter), open: z.int() }) },
})

export const getDeadLetter = operation({
  method: 'GET',
  url: '/dead-letters/:id',
  summary: 'One such record, with its bytes as text',
  params: z.object({ id: z.string() }),
  response: {
    200: deadLetter.extend({
      key: z.string().nullable(),
      value: z.string().nullable(),
      headers: z.record(z.string(), z.string()),
    }),
    404: problem,
  },
})

export const retryDeadLetter = operation({
  method: 'POST',
  url: '/dead-letters/:id/retry',
  summary: 'Decode it again, and react to it if that succeeds',
  params: z.object({ id: z.string() }),
  response: {
    200: z.object({ outcome: z.enum(['done', 'parked', 'ignored']) }),
    404: problem,
    422: problem.describe('it still can not be decoded'),
  },
})

export const skipDeadLetter = operation({
  method: 'POST',
  url: '/dead-letters/:id/skip',
  summary: 'Close it, with a reason',
  params: z.object({ id: z.string() }),
  body: skipReason,
  response: { 200: z.object({ closed: z.boolean() }), 404: problem, 422: problem },
})

export const getDecisions = operation({
  method: 'GET',
  url: '/decisions',
  summary: 'What people decided about these, and why, the newest first',
  querystring: listing,
  response: { 200: z.object({ decisions: z.array(decision) }) },
})

export const postReplay = operation({
  method: 'POST',
  url: '/replay',
  summary: 'Read again from an earlier place: what must not happen twice does not',
  body: replayFrom,
  response: { 202: z.object({ from: z.array(z.string()) }), 422: problem },
})

export const postRebuild = operation({
  method: 'POST',
  url: '/rebuild',
  summary: 'Empty the read model and build it anew from the log',
  response: { 202: z.object({ from: z.array(z.string()) }), 409: problem },
})

const span = z.object({
  spanId: z.string(),
  parentId: z.string().nullable(),
  service: z.string(),
  kind: z.enum(['produce', 'process', 'call', 'serve']),
  name: z.string(),
  at: z.string(),
  durationMs: z.number().nullable().describe('produce: until the log had it'),
  position: z.string().optional().describe('topic/partition@offset'),
})
export type SpanView = z.output<typeof span>

export const getSpans = operation({
  method: 'GET',
  url: '/spans/:subject',
  summary: 'What this service did about one subject, as spans of its trace',
  params: z.object({ subject: z.string() }),
  response: { 200: z.object({ spans: z.array(span), traceparent: z.string().optional().describe('of any of them') }) },
})

export const trace = z.object({
  orderId: z.string(),
  traceId: z.string().nullable(),
  spans: z.array(span).describe('the earliest first'),
  missing: z.array(z.string()).describe('services that did not answer'),
})

export const operations: readonly Operation[] = [
  listParked,
  getParked,
  retryParked,
  retryParkedKey,
  skipParked,
  listDeadLetters,
  getDeadLetter,
  retryDeadLetter,
  skipDeadLetter,
  getDecisions,
  postReplay,
  postRebuild,
  getSpans,
]
