/** Looks at every process twice a second and keeps one picture of the shop; tells its listeners when the picture is new. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { getOrder, listOrders, type OrderSummary, type Style, style as styles } from '../contracts/http.ts'
import { simulatorStatus } from '../contracts/simulators.ts'
import { serviceStatus } from '../kit/health.ts'
import { seededRandom } from '../load/arrivals.ts'
import { Crowd } from '../load/crowd.ts'
import { postOrder } from '../load/post-order.ts'
import { audit } from './auditor.ts'
import type { Fleet } from './fleet.ts'
import type { LagReader } from './lag.ts'
import type { LogView } from './log/log-types.ts'
import { Series } from './series.ts'
import type { CallView, ProcessName, ProcessView, Snapshot } from './snapshot.ts'
import type { SupervisedProcess } from './supervisor.ts'
import { Waiting } from './waiting.ts'

const everyMs = 500
const answerWithinMs = 1500
const logAnswerWithinMs = 1000
const recentOrders = 12
/** Of the orders that are being called for, those whose calls are looked at one by one. */
const callsShown = 6
/** A customer of the crowd that has waited this long gives up. */
const patienceMs = 10_000

type View = Pick<ProcessView, 'status' | 'simulator' | 'answering'>

export class Monitor {
  readonly waiting = new Waiting()
  readonly series: Series
  readonly #crowds: ReadonlyMap<Style, Crowd>
  readonly #processes: readonly SupervisedProcess[]
  readonly #fleet: Fleet
  readonly #simulatorUrls: ReadonlyMap<string, string>
  readonly #lag: LagReader
  readonly #brokers: string
  readonly #listeners = new Set<(snapshot: Snapshot) => void>()
  readonly #views = new Map<string, View>()
  #log: LogView | undefined
  #logLook: Promise<void> | undefined
  #round = 0
  #books = ''
  #booksUnchanged = false
  #orders: OrderSummary[] = []
  #calls: CallView[] = []
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: {
    processes: readonly SupervisedProcess[]
    fleet: Fleet
    simulatorUrls: ReadonlyMap<string, string>
    lag: LagReader
    brokers: string
    /** Where the crowds send their orders: the gateway's own address, known once it listens. */
    shopUrl: () => string
  }) {
    this.#processes = options.processes
    this.#fleet = options.fleet
    this.#simulatorUrls = options.simulatorUrls
    this.#lag = options.lag
    this.#brokers = options.brokers
    this.#crowds = new Map(
      styles.options.map((style, index) => [
        style,
        new Crowd({
          style,
          random: seededRandom(index + 1),
          send: ({ body }) => {
            const order = { style, idempotencyKey: randomUUID(), body }
            return postOrder(options.shopUrl(), order, patienceMs)
          },
        }),
      ]),
    )
    this.series = new Series({ crowds: this.#crowds, groups: () => this.#log?.groups ?? [] })
    for (const process of options.processes) process.on('change', () => this.tell())
  }

  crowd(style: Style): Crowd {
    const crowd = this.#crowds.get(style)
    if (crowd === undefined) throw new Error(`no crowd orders in the style ${style}`)
    return crowd
  }

  start(): void {
    this.series.start()
    this.#lookOn()
  }

  #lookOn(): void {
    void this.#look().then(() => {
      if (!this.#stopped) this.#timer = setTimeout(() => this.#lookOn(), everyMs)
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.series.stop()
    for (const crowd of this.#crowds.values()) crowd.stop()
    await this.#lag.close()
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener)
    listener(this.snapshot())
    return () => this.#listeners.delete(listener)
  }

  snapshot(): Snapshot {
    const processes = this.#processes.filter(isShown).map((process): ProcessView => {
      const { service, instance } = this.#fleet.find(process.name) ?? { service: process.name, instance: 1 }
      const view = this.#views.get(process.name)
      return {
        name: process.name as ProcessName,
        service,
        instance,
        state: process.state,
        pid: process.pid ?? null,
        startedAtMs: process.startedAtMs,
        crashes: process.crashes,
        hung: process.isHung,
        speedPercent: process.speedPercent,
        status: view?.status ?? null,
        simulator: view?.simulator ?? null,
        answering:
          process.state === 'running' && (view === undefined ? process.name === 'broker' : isOf(process, view)),
        lag: this.#log?.groups.find(({ group }) => group === service)?.lag ?? null,
      }
    })
    return {
      at: new Date().toISOString(),
      round: this.#round,
      brokers: this.#brokers,
      ownBroker: processes.some(process => process.name === 'broker'),
      events: this.#log?.events ?? null,
      log: this.#log ?? null,
      crowds: [...this.#crowds.values()].map(crowd => crowd.view()),
      waiting: this.waiting.view(),
      calls: this.#calls,
      processes,
      orders: this.#orders,
      ...audit(processes, { unchanged: this.#booksUnchanged }),
    }
  }

  async #look(): Promise<void> {
    const statuses = this.#fleet.instances.map(async ({ process, url }) => {
      const { name } = process
      if (!isShown(process)) return
      const status = await ask(`${url}/status`, serviceStatus)
      this.#views.set(name, {
        status: status ?? this.#views.get(name)?.status ?? null,
        simulator: null,
        answering: status !== undefined,
      })
    })
    const simulators = [...this.#simulatorUrls].map(async ([name, url]) => {
      const simulator = await ask(`${url}/status`, simulatorStatus)
      this.#views.set(name, {
        status: null,
        simulator: simulator ?? this.#views.get(name)?.simulator ?? null,
        answering: simulator !== undefined,
      })
    })
    const orders = async () => {
      const page = await ask(`${this.#fleet.addressOf('order')}/orders?limit=${recentOrders}`, listOrders.response[200])
      if (page !== undefined) this.#orders = page.orders
      this.#calls = await this.#lookAtCalls()
    }
    await Promise.all([...statuses, ...simulators, orders(), this.#lookAtLog()])
    const books = JSON.stringify([...this.#views].map(([name, view]) => [name, (view.status ?? view.simulator)?.books]))
    this.#booksUnchanged = books === this.#books
    this.#books = books
    this.#round += 1
    this.tell()
  }

  /** Of the newest orders whose customers wait for calls: which calls are behind them. */
  async #lookAtCalls(): Promise<CallView[]> {
    const called = this.#orders.filter(({ style, status }) => style.startsWith('rest') && status === 'pending')
    const found = await Promise.all(
      called.slice(0, callsShown).map(async ({ orderId, style, createdAt }): Promise<CallView | undefined> => {
        const order = await ask(`${this.#fleet.addressOf('order')}/orders/${orderId}`, getOrder.response[200])
        const done = order?.history.filter(({ durationMs }) => durationMs !== undefined).map(({ what }) => what)
        return done && { orderId, style, sinceMs: Date.now() - Date.parse(createdAt), done }
      }),
    )
    return found.filter(call => call !== undefined)
  }

  /** A broker that hangs must not hold up the picture of the others: what it holds is then unknown. */
  async #lookAtLog(): Promise<void> {
    this.#logLook ??= this.#lag
      .read()
      .then(
        log => {
          this.#log = log
        },
        () => {
          this.#log = undefined
        },
      )
      .finally(() => {
        this.#logLook = undefined
      })
    const inTime = await Promise.race([this.#logLook.then(() => true), delay(logAnswerWithinMs, false, { ref: false })])
    if (!inTime) this.#log = undefined
  }

  /** Sends a new picture now, instead of at the next look. */
  tell(): void {
    if (this.#listeners.size === 0) return
    const snapshot = this.snapshot()
    for (const listener of this.#listeners) listener(snapshot)
  }
}

/** A further instance that does not run is not there. */
function isShown(process: SupervisedProcess): boolean {
  return process.state !== 'stopped' || !/-\d$/.test(process.name)
}

/** Whether the last answer is the running process's own, and not that of one before it. */
function isOf(process: SupervisedProcess, view: View): boolean {
  return view.answering && (view.status ?? view.simulator)?.pid === process.pid
}

/** @returns undefined when there is no answer, or not the expected one */
async function ask<Schema extends z.ZodType>(url: string, schema: Schema): Promise<z.output<Schema> | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) })
    const result = z.safeParse(schema, await response.json())
    return result.success ? result.data : undefined
  } catch {
    return undefined
  }
}
