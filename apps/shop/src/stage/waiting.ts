/**
 * Who waits for an answer of the shop right now: customers at the gateway, by style, and for how long. A call that waits holds
 * its connection, its memory and its customer; a growing number of them is how a slow neighbour shows in front.
 */
import type { FastifyInstance } from 'fastify'
import { type Style, style as styles } from '../contracts/http.ts'

/** Drawn one by one; beyond them the number tells. */
const oldestShown = 24

export type WaitingView = Record<Style, { count: number /** Milliseconds, the longest first. */; oldestMs: number[] }>

export class Waiting {
  readonly #since = new Map<Style, Map<string, number>>(styles.options.map(name => [name, new Map()]))
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Before the routes are added: it must see each request that they take. */
  watch(app: FastifyInstance): void {
    app.addHook('onRequest', async (request, reply) => {
      const since = this.#of(request)
      if (since === undefined) return
      since.set(request.id, this.#now())
      // Comes after an answer, and also when the customer has gone without one.
      reply.raw.once('close', () => since.delete(request.id))
    })
  }

  view(): WaitingView {
    const now = this.#now()
    const entries = [...this.#since].map(([name, since]) => [
      name,
      // Insertion order is age.
      { count: since.size, oldestMs: [...since.values()].slice(0, oldestShown).map(at => Math.round(now - at)) },
    ])
    return Object.fromEntries(entries) as WaitingView
  }

  #of(request: { method: string; url: string }): Map<string, number> | undefined {
    if (request.method !== 'POST') return undefined
    const [path, query] = request.url.split('?')
    if (path !== '/orders') return undefined
    const named = styles.safeParse(new URLSearchParams(query).get('style') ?? 'events')
    return named.success ? this.#since.get(named.data) : undefined
  }
}
