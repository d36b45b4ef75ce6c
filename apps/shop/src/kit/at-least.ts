/**
 * The reading side of the consistency token (position.ts): `At-Least: orders/2@1817` on any GET of a service. The answer comes
 * once the service's own database has passed that place, within the time that `Prefer: wait=N` gives; else 504 and how far it is.
 */
import type { FastifyInstance } from 'fastify'
import type { Kysely } from 'kysely'
import type { KitTables } from './database.ts'
import { nextOffsetOf, parsePosition } from './position.ts'
import { HttpProblem } from './problem.ts'
import { lookUntil, waitMs } from './wait.ts'

/** @param options `reads`: the topics that this service reads; a place in another tells it nothing */
export function honourAtLeast(
  app: Pick<FastifyInstance, 'addHook'>,
  { database, reads }: { database: Kysely<KitTables>; reads: readonly string[] },
): void {
  app.addHook('preHandler', async (request, reply) => {
    const token = request.headers['at-least']
    if (request.method !== 'GET' || token === undefined) return
    const position = parsePosition(String(token))
    if (position === undefined) {
      const errors = [{ field: 'headers.at-least', message: 'is not a position like orders/2@1817' }]
      throw new HttpProblem(422, 'headers.at-least: is not a position like orders/2@1817', { errors })
    }
    const { topic, partition, offset } = position
    if (!reads.includes(topic)) return
    const next = await lookUntil(
      () => nextOffsetOf(database, topic, partition),
      found => found > offset,
      waitMs(request.headers.prefer),
    )
    if (next <= offset) {
      throw new HttpProblem(504, `This service has read ${topic}/${partition} up to offset ${next}, not yet ${offset}.`)
    }
    reply.header('position', `${topic}/${partition}@${next - 1}`)
  })
}
