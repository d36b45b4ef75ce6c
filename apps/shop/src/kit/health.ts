/**
 * Live is not ready: a service that waits for its broker is alive (a restart would not help) but not ready. `/status` is what
 * the stage shows: facts only, from the service's own database and loops.
 */
import { z } from 'zod'
import type { HttpServer } from './http-server.ts'
import { sendProblem } from './problem.ts'

export const serviceStatus = z.object({
  service: z.string(),
  pid: z.int(),
  upMs: z.number(),
  ready: z.boolean(),
  relay: z.object({
    connected: z.boolean(),
    pending: z.number(),
    oldestPendingMs: z.number(),
    lastError: z.string().optional(),
  }),
  /** It is about to read again from an earlier place. */
  replaying: z.boolean(),
  consumer: z.object({
    state: z.enum(['connecting', 'running', 'stopped']),
    lastError: z.string().optional(),
    handled: z.number(),
    repeated: z.number(),
    ignored: z.number(),
    deadLettered: z.number(),
    stuck: z
      .object({ eventId: z.string(), type: z.string(), subject: z.string(), attempts: z.number(), error: z.string() })
      .optional(),
  }),
  /** What waits for a retry or a person: parked keys with their events, and open dead letters. */
  setAside: z.object({ keys: z.number(), events: z.number(), deadLetters: z.number() }),
  /** Rows that wait for their time, and those whose handler has failed so far. */
  deadlines: z.object({ waiting: z.number(), overdue: z.number(), lastError: z.string().optional() }),
  /** What the service has done, in its own words. */
  done: z.record(z.string(), z.number()),
  /** What the auditor compares with the other services. */
  books: z.record(z.string(), z.number()),
  /** The newest events it has written, the newest first. */
  recent: z.array(z.object({ type: z.string(), subject: z.string(), at: z.string(), sent: z.boolean() })),
})
export type ServiceStatus = z.output<typeof serviceStatus>

export function addHealthRoutes(app: HttpServer, status: () => Promise<ServiceStatus>): void {
  app.get('/health/live', async () => ({ live: true }))
  app.get('/health/ready', async (_request, reply) => {
    const { ready, consumer } = await status()
    if (ready) return { ready }
    return sendProblem(reply, 503, { detail: `Not ready: ${consumer.lastError ?? 'joining the consumer group'}.` })
  })
  app.get('/status', status)
}
