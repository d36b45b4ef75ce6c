/** Looks at every process twice a second and keeps one picture of the shop; tells its listeners when the picture is new. */
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { listOrders, type OrderSummary } from '../contracts/http.ts'
import { simulatorStatus } from '../contracts/simulators.ts'
import { serviceStatus } from '../kit/health.ts'
import { audit } from './auditor.ts'
import type { Fleet } from './fleet.ts'
import type { LagReader, LogView } from './lag.ts'
import type { Spike } from './load.ts'
import type { ProcessName, ProcessView, Snapshot } from './snapshot.ts'
import type { SupervisedProcess } from './supervisor.ts'

const everyMs = 500
const answerWithinMs = 1500
const logAnswerWithinMs = 1000
const recentOrders = 12

type View = Pick<ProcessView, 'status' | 'simulator' | 'answering'>

export class Monitor {
  spike: Spike | undefined
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
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: {
    processes: readonly SupervisedProcess[]
    fleet: Fleet
    simulatorUrls: ReadonlyMap<string, string>
    lag: LagReader
    brokers: string
  }) {
    this.#processes = options.processes
    this.#fleet = options.fleet
    this.#simulatorUrls = options.simulatorUrls
    this.#lag = options.lag
    this.#brokers = options.brokers
    for (const process of options.processes) process.on('change', () => this.#tell())
  }

  start(): void {
    void this.#look().then(() => {
      if (!this.#stopped) this.#timer = setTimeout(() => this.start(), everyMs)
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
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
        lag: this.#log?.lags.get(service) ?? null,
      }
    })
    return {
      at: new Date().toISOString(),
      round: this.#round,
      brokers: this.#brokers,
      ownBroker: processes.some(process => process.name === 'broker'),
      events: this.#log?.events ?? null,
      processes,
      orders: this.#orders,
      spike: this.spike?.view() ?? null,
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
    }
    await Promise.all([...statuses, ...simulators, orders(), this.#lookAtLog()])
    const books = JSON.stringify([...this.#views].map(([name, view]) => [name, (view.status ?? view.simulator)?.books]))
    this.#booksUnchanged = books === this.#books
    this.#books = books
    this.#round += 1
    this.#tell()
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

  #tell(): void {
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
