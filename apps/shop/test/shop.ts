/** A whole shop for a test: real processes, a real broker (our own, or the one KAFKA_BROKERS names), its own data directory. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import pg from 'pg'
import type { OrderDetail, OrderRequest, Problem, Style } from '../src/contracts/http.ts'
import type { Faults, SimulatorName } from '../src/contracts/simulators.ts'
import type { ServiceName } from '../src/contracts/topic.ts'
import { subscriptions, topics } from '../src/contracts/topics.ts'
import type { ProcessName, Snapshot } from '../src/stage/snapshot.ts'
import { startStage } from '../src/stage/stage.ts'
import { assertBooks, assertLog } from './invariants.ts'

export type Answer = { status: number; headers: Headers; body: { orderId: string; status: string } & Problem }

/** @param env settings of the services, beside the stage's own */
export async function startShop(env: Record<string, string> = {}) {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'ottla-shop-'))
  const brokers = process.env.KAFKA_BROKERS || undefined
  if (brokers !== undefined) await forgetEarlierShops(brokers.split(','))
  const database = process.env.DATABASE_URL ? await createDatabase(process.env.DATABASE_URL) : undefined
  const remove = async () => {
    await rm(dataDirectory, { recursive: true })
    await database?.drop()
  }
  const stage = await startStage({
    port: 0,
    host: '127.0.0.1',
    dataDirectory,
    brokers,
    env: { ...env, ...database?.env },
  }).catch(async error => {
    await remove()
    throw error
  })
  const stop = async () => {
    await stage.stop()
    await remove()
  }
  const shop = {
    url: stage.url,
    ownBroker: stage.ownBroker,
    dataDirectory,
    stop,

    async post(order: unknown, options: { style?: Style; key?: string } = {}): Promise<Answer> {
      const response = await fetch(`${stage.url}/orders?style=${options.style ?? 'events'}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(options.key === undefined ? {} : { 'idempotency-key': options.key }),
        },
        body: JSON.stringify(order),
      })
      return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] }
    },

    async get<T>(path: string): Promise<T> {
      const response = await fetch(`${stage.url}${path}`)
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`)
      return (await response.json()) as T
    },

    order: (orderId: string): Promise<OrderDetail> => shop.get<OrderDetail>(`/orders/${orderId}`),

    async do(action: 'start' | 'stop' | 'kill' | 'hang' | 'resume', name: ProcessName): Promise<void> {
      const response = await fetch(`${stage.url}/stage/processes/${name}/${action}`, { method: 'POST' })
      if (!response.ok) throw new Error(`${action} ${name}: ${response.status} ${await response.text()}`)
    },

    /** Resolves with the first picture of the shop that is as asked. */
    async until(what: string, isSo: (snapshot: Snapshot) => boolean, withinMs = 60_000): Promise<Snapshot> {
      let last: Snapshot | undefined
      try {
        for await (const snapshot of snapshots(stage.url, AbortSignal.timeout(withinMs))) {
          last = snapshot
          if (isSo(snapshot)) return snapshot
        }
      } catch (cause) {
        throw new Error(`not ${what} within ${withinMs / 1000} s: ${JSON.stringify(last, null, 1)}`, { cause })
      }
      throw new Error(`the stage closed before ${what}`)
    },

    /** What is not named is mended. */
    async setFaults(name: SimulatorName, wanted: Partial<Faults>): Promise<void> {
      await put(`${stage.url}/stage/simulators/${name}/faults`, wanted)
    },

    async scale(service: ServiceName, count: number): Promise<void> {
      await put(`${stage.url}/stage/services/${service}/instances`, { count })
      await shop.until(
        `${count} instances of ${service}`,
        ({ processes }) =>
          processes.filter(
            process => process.service === service && process.status?.ready === true && process.answering,
          ).length === count,
      )
    },

    setSpeed: (name: ProcessName, percent: number): Promise<void> =>
      put(`${stage.url}/stage/processes/${name}/speed`, { percent }),

    /** A button of the page for whoever looks after a service. */
    async operate<T>(path: string, body?: unknown): Promise<T> {
      const response = await fetch(`${stage.url}/services/${path}`, {
        method: 'POST',
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      })
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return (await response.json()) as T
    },

    untilReady: (name: ProcessName): Promise<Snapshot> =>
      shop.until(`${name} ready`, snapshot => {
        const process = snapshot.processes.find(candidate => candidate.name === name)
        return process?.answering === true && process.status?.ready !== false
      }),

    /** Kills it, and waits until it has been started again. @param meanwhile what is to be done while it is dead */
    async killAndRestart(name: ProcessName, meanwhile?: () => Promise<void>): Promise<void> {
      const crashes = ({ processes }: Snapshot) => processes.find(process => process.name === name)?.crashes ?? 0
      const before = crashes(await shop.get<Snapshot>('/stage/snapshot'))
      await shop.do('kill', name)
      await shop.until(`the kill of ${name} noticed`, snapshot => crashes(snapshot) > before)
      await meanwhile?.()
      await shop.untilReady(name)
    },

    /** Nothing on its way any more, in a round that began after this was asked. */
    async untilAtRest(): Promise<Snapshot> {
      const { round } = await shop.get<Snapshot>('/stage/snapshot')
      return shop.until('at rest', snapshot => snapshot.atRest && snapshot.round >= round + 2)
    },

    /** I1 to I7 (invariants.ts), once nothing is on its way. */
    async assertInvariants(): Promise<Snapshot> {
      const snapshot = await shop.untilAtRest()
      assertBooks(snapshot)
      await assertLog(snapshot.brokers, snapshot.events ?? 0)
      return snapshot
    },

    async untilFinal(orderId: string, withinMs = 60_000): Promise<OrderDetail> {
      let found: OrderDetail | undefined
      for await (const _ of snapshots(stage.url, AbortSignal.timeout(withinMs))) {
        found = await shop.order(orderId)
        if (found.status === 'confirmed' || found.status === 'cancelled') return found
      }
      throw new Error(`order ${orderId} is ${found?.status}`)
    },
  }
  try {
    for (const name of ['order', 'payment', 'inventory', 'notification'] as const) await shop.untilReady(name)
  } catch (error) {
    await stop()
    throw error
  }
  return shop
}

async function put(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`PUT ${url}: ${response.status} ${await response.text()}`)
}

/** With DATABASE_URL each shop has a database of its own on that server. */
async function createDatabase(url: string): Promise<{ env: Record<string, string>; drop: () => Promise<void> }> {
  const name = `shop_${crypto.randomUUID().replaceAll('-', '')}`
  const query = async (sql: string) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(sql)
    await client.end()
  }
  await query(`CREATE DATABASE ${name}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  return { env: { DATABASE_URL: own.href }, drop: () => query(`DROP DATABASE ${name} WITH (FORCE)`) }
}

/** On a cluster that stays, services with new databases would take in the orders of earlier tests. */
async function forgetEarlierShops(bootstrapBrokers: string[]): Promise<void> {
  const admin = new Admin({ clientId: 'shop-test', bootstrapBrokers })
  const used = new Set(await admin.listTopics())
  const ours = topics.map(topic => topic.name).filter(name => used.has(name))
  if (ours.length > 0) await admin.deleteTopics({ topics: ours })
  const groups = [...(await admin.listGroups()).keys()].filter(name => name in subscriptions)
  if (groups.length > 0) await admin.deleteGroups({ groups })
  await admin.close()
}

export const mugs = (quantity: number, customerId = 'customer-1'): OrderRequest => ({
  customerId,
  items: [{ sku: 'mug', quantity }],
})

async function* snapshots(url: string, signal: AbortSignal): AsyncGenerator<Snapshot> {
  const response = await fetch(`${url}/stage/stream?only=pictures`, { signal })
  let buffered = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    buffered += chunk
    const events = buffered.split('\n\n')
    buffered = events.pop() ?? ''
    for (const event of events) yield JSON.parse(event.slice('data: '.length)) as Snapshot
  }
}
