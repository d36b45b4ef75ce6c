/**
 * Customers of one style, coming at a rate that a person sets, and in spikes. Open loop: see arrivals.ts. Latency counts from
 * the instant at which the customer came, so an order that had to wait to be sent has waited.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { Style } from '../contracts/http.ts'
import { nextGapMs, ordinaryOrder } from './arrivals.ts'
import type { Posted } from './post-order.ts'

/** Beyond this many the browser at the other end would have given up long ago: they are turned away, and count as failed. */
const maxWaiting = 4000

/** What became of the orders of one second, or of all. `declined` is an outcome, not a failure. */
export type Counts = { sent: number; accepted: number; stored: number; declined: number; failed: number }

export type CrowdView = Counts & {
  style: Style
  ratePerSecond: number
  /** Orders of a spike that are still to come. */
  spikeLeft: number
  waiting: number
}

export type CrowdPoint = Counts & { waiting: number; p50Ms: number | null; p99Ms: number | null }

export class Crowd {
  readonly #style: Style
  readonly #send: (order: { style: Style; number: number; body: string }) => Promise<Posted>
  readonly #random: () => number
  readonly #now: () => number
  readonly #total = noCounts()
  #second = noCounts()
  #latencyUs: RecordableHistogram = createHistogram()
  #ratePerSecond = 0
  #nextAtMs = Number.POSITIVE_INFINITY
  #spike: { nextAtMs: number; gapMs: number; left: number } | undefined
  #waiting = 0
  #number = 0
  #timer: NodeJS.Timeout | undefined

  /** @param options `send` never rejects; `now` is a monotonic clock in milliseconds */
  constructor(options: {
    style: Style
    send: (order: { style: Style; number: number; body: string }) => Promise<Posted>
    random: () => number
    now?: () => number
  }) {
    this.#style = options.style
    this.#send = options.send
    this.#random = options.random
    this.#now = options.now ?? (() => performance.now())
  }

  /** 0 stops them; those who wait go on waiting. */
  setRate(ratePerSecond: number): void {
    this.#ratePerSecond = ratePerSecond
    this.#nextAtMs =
      ratePerSecond === 0 ? Number.POSITIVE_INFINITY : this.#now() + nextGapMs(ratePerSecond, this.#random)
    this.#schedule()
  }

  /** So many more, evenly over so long. A second spike is added to what is left of the first. */
  spike(orders: number, overMs: number): void {
    const left = orders + (this.#spike?.left ?? 0)
    this.#spike = { nextAtMs: this.#now(), gapMs: overMs / left, left }
    this.#schedule()
  }

  stop(): void {
    this.#ratePerSecond = 0
    this.#nextAtMs = Number.POSITIVE_INFINITY
    this.#spike = undefined
    clearTimeout(this.#timer)
  }

  view(): CrowdView {
    return {
      style: this.#style,
      ratePerSecond: this.#ratePerSecond,
      spikeLeft: this.#spike?.left ?? 0,
      waiting: this.#waiting,
      ...this.#total,
    }
  }

  /** What has happened since the last call. */
  takePoint(): CrowdPoint {
    const answered = this.#latencyUs.count > 0
    const point: CrowdPoint = {
      ...this.#second,
      waiting: this.#waiting,
      p50Ms: answered ? this.#latencyUs.percentile(50) / 1000 : null,
      p99Ms: answered ? this.#latencyUs.percentile(99) / 1000 : null,
    }
    this.#second = noCounts()
    this.#latencyUs.reset()
    return point
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    const nextAtMs = Math.min(this.#nextAtMs, this.#spike?.nextAtMs ?? Number.POSITIVE_INFINITY)
    if (nextAtMs === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#sendDue(), Math.max(0, nextAtMs - this.#now()))
  }

  #sendDue(): void {
    const now = this.#now()
    while (this.#nextAtMs <= now) {
      void this.#order(this.#nextAtMs)
      this.#nextAtMs += nextGapMs(this.#ratePerSecond, this.#random)
    }
    while (this.#spike !== undefined && this.#spike.nextAtMs <= now) {
      void this.#order(this.#spike.nextAtMs)
      this.#spike.nextAtMs += this.#spike.gapMs
      this.#spike.left -= 1
      if (this.#spike.left === 0) this.#spike = undefined
    }
    this.#schedule()
  }

  async #order(plannedAtMs: number): Promise<void> {
    const number = this.#number
    this.#number += 1
    this.#count('sent')
    if (this.#waiting >= maxWaiting) return this.#count('failed')
    this.#waiting += 1
    const { status } = await this.#send({ style: this.#style, number, body: ordinaryOrder(number) })
    this.#waiting -= 1
    this.#latencyUs.record(Math.max(1, Math.round((this.#now() - plannedAtMs) * 1000)))
    this.#count(outcomeOf(status))
  }

  #count(what: keyof Counts): void {
    this.#total[what] += 1
    this.#second[what] += 1
  }
}

export function outcomeOf(status: number): Exclude<keyof Counts, 'sent'> {
  if (status === 201) return 'accepted'
  if (status === 202) return 'stored'
  return status === 402 ? 'declined' : 'failed'
}

function noCounts(): Counts {
  return { sent: 0, accepted: 0, stored: 0, declined: 0, failed: 0 }
}
