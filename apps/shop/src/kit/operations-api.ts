/** The routes for whoever looks after a service (contracts/operations.ts): parked keys, dead letters, decisions. */
import type { Kysely } from 'kysely'
import { UndecodableError } from '../contracts/envelope.ts'
import {
  type DeadLetterView,
  getDeadLetter,
  getDecisions,
  getParked,
  getSpans,
  listDeadLetters,
  listParked,
  type ParkedView,
  postRebuild,
  postReplay,
  retryDeadLetter,
  retryParked,
  retryParkedKey,
  type SpanView,
  skipDeadLetter,
  skipParked,
} from '../contracts/operations.ts'
import type { Topic } from '../contracts/topic.ts'
import type { DeadLetter, DeadLetterTools } from './dead-letter-tools.ts'
import { listDecisions } from './decisions.ts'
import type { HttpServer } from './http-server.ts'
import { countParked, listParkedKeys, type ParkedEvent, readParked } from './parked.ts'
import type { ParkedKeys } from './parked-keys.ts'
import { formatPosition } from './position.ts'
import { HttpProblem } from './problem.ts'
import { beginningsOf, wantReplay } from './replay.ts'
import type { KitTables } from './schema.ts'

export function addOperations<Tables extends KitTables>(
  app: HttpServer,
  parts: {
    database: Kysely<KitTables>
    parkedKeys: ParkedKeys<Tables>
    deadLetters: DeadLetterTools<Tables>
    reads: readonly Topic[]
    readModel: readonly string[]
    spans: (subject: string) => Promise<{ spans: SpanView[]; traceparent?: string }>
  },
): void {
  const { database, parkedKeys, deadLetters, reads, readModel } = parts

  app.get(listParked.url, { schema: schemaOf(listParked) }, async request => {
    const keys = await listParkedKeys(database, request.query.limit)
    const { events } = await countParked(database)
    return { events, keys: keys.map(key => ({ first: parkedView(key.first), waiting: key.events - 1 })) }
  })

  app.get(getParked.url, { schema: schemaOf(getParked) }, async request => {
    const parked = await readParked(database, request.params.eventId)
    if (parked === undefined) throw notParked(request.params.eventId)
    return { ...parkedView(parked), event: parked.event }
  })

  app.post(retryParked.url, { schema: schemaOf(retryParked) }, async () => parkedKeys.retryAll())

  app.post(retryParkedKey.url, { schema: schemaOf(retryParkedKey) }, async request =>
    parkedKeys.retryKey(request.params.subject),
  )

  app.post(skipParked.url, { schema: schemaOf(skipParked) }, async request => {
    const drained = await parkedKeys.skip(request.params.eventId, request.body.reason)
    if (drained === undefined) throw notParked(request.params.eventId)
    return drained
  })

  app.get(listDeadLetters.url, { schema: schemaOf(listDeadLetters) }, async request => {
    const letters = await deadLetters.list(request.query.limit)
    return { letters: letters.map(letterView), open: await deadLetters.countOpen() }
  })

  app.get(getDeadLetter.url, { schema: schemaOf(getDeadLetter) }, async request => {
    const letter = await find(request.params.id)
    const headers = Object.fromEntries([...letter.headers].map(pair => pair.map(String) as [string, string]))
    return { ...letterView(letter), key: asText(letter.key), value: asText(letter.value), headers }
  })

  app.post(retryDeadLetter.url, { schema: schemaOf(retryDeadLetter) }, async request => {
    const letter = await find(request.params.id)
    try {
      return { outcome: await deadLetters.retry(letter) }
    } catch (error) {
      if (!(error instanceof UndecodableError)) throw error
      throw new HttpProblem(422, `It still can not be decoded: ${error.message}.`)
    }
  })

  app.post(skipDeadLetter.url, { schema: schemaOf(skipDeadLetter) }, async request => {
    await deadLetters.skip(await find(request.params.id), request.body.reason)
    return { closed: true }
  })

  app.get(getDecisions.url, { schema: schemaOf(getDecisions) }, async request => ({
    decisions: await listDecisions(database, request.query.limit),
  }))

  app.post(postReplay.url, { schema: schemaOf(postReplay) }, async (request, reply) => {
    const { topic, partition, offset } = request.body
    const from = beginningsOf(reads)
      .filter(begin => topic === undefined || begin.topic === topic)
      .filter(begin => partition === undefined || begin.partition === partition)
      .map(begin => ({ ...begin, offset }))
    if (from.length === 0) throw new HttpProblem(422, 'This service reads no such topic or partition.')
    await wantReplay(database, { from, readModel: [] })
    return reply.code(202).send({ from: from.map(formatPosition) })
  })

  app.post(postRebuild.url, { schema: schemaOf(postRebuild) }, async (_request, reply) => {
    if (readModel.length === 0) throw new HttpProblem(409, 'This service has effects in the world, and no read model.')
    const from = beginningsOf(reads)
    await wantReplay(database, { from, readModel })
    return reply.code(202).send({ from: from.map(formatPosition) })
  })

  app.get(getSpans.url, { schema: schemaOf(getSpans) }, request => parts.spans(request.params.subject))

  async function find(id: string): Promise<DeadLetter> {
    const letter = await deadLetters.read(id)
    if (letter === undefined) throw new HttpProblem(404, `There is no dead letter ${id}.`)
    return letter
  }
}

/** Fastify's part of a route's description. */
function schemaOf<D extends { method: string; url: string; summary: string }>(definition: D) {
  const { method: _method, url: _url, summary: _summary, ...schema } = definition
  return schema
}

function parkedView(parked: ParkedEvent): ParkedView {
  return {
    eventId: parked.event_id,
    type: parked.type,
    subject: parked.subject,
    position: `${parked.topic}/${parked.partition}@${parked.offset}`,
    attempts: parked.attempts,
    ...(parked.error === null ? {} : { error: parked.error }),
    parkedAt: parked.parked_at,
    ...(parked.retry_at === null ? {} : { retryAt: parked.retry_at }),
  }
}

function letterView({ id, topic, partition, offset, error, at }: DeadLetter): DeadLetterView {
  return { id, position: `${topic}/${partition}@${offset}`, error, at }
}

function asText(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString()
}

function notParked(eventId: string): HttpProblem {
  return new HttpProblem(404, `No event ${eventId} is parked.`)
}
