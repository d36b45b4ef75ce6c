/** A spike: many customers at once. Each order has its own Idempotency-Key; nobody tries twice, so failures show as such. */
import { randomUUID } from 'node:crypto'
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { Style } from '../contracts/http.ts'
import type { SpikeView } from './snapshot.ts'

const customersAtOnce = 32
const answerWithinMs = 10_000
const cart = ['mug', 'notebook', 'pencil'] as const

export class Spike {
  readonly #url: string
  readonly #style: Style
  readonly #total: number
  readonly #latencyUs: RecordableHistogram = createHistogram()
  readonly #startedAt = performance.now()
  #elapsedMs = 0
  #next = 0
  #accepted = 0
  #stored = 0
  #failed = 0
  #running = true

  constructor(options: { url: string; style: Style; total: number }) {
    this.#url = options.url
    this.#style = options.style
    this.#total = options.total
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: customersAtOnce }, () => this.#customer()))
    this.#elapsedMs = performance.now() - this.#startedAt
    this.#running = false
  }

  view(): SpikeView {
    return {
      style: this.#style,
      total: this.#total,
      accepted: this.#accepted,
      stored: this.#stored,
      failed: this.#failed,
      running: this.#running,
      p50Ms: this.#latencyUs.percentile(50) / 1000,
      p99Ms: this.#latencyUs.percentile(99) / 1000,
      elapsedMs: this.#running ? performance.now() - this.#startedAt : this.#elapsedMs,
    }
  }

  async #customer(): Promise<void> {
    while (this.#next < this.#total) {
      const number = this.#next
      this.#next += 1
      const start = performance.now()
      const status = await this.#order(number)
      this.#latencyUs.record(Math.max(1, Math.round((performance.now() - start) * 1000)))
      if (status === 201) this.#accepted += 1
      else if (status === 202) this.#stored += 1
      else this.#failed += 1
    }
  }

  /** @returns the answer's status code, 0 for none */
  async #order(number: number): Promise<number> {
    try {
      const response = await fetch(`${this.#url}/orders?style=${this.#style}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
        body: JSON.stringify({
          customerId: `customer-${number % 500}`,
          items: [{ sku: cart[number % cart.length], quantity: 1 + (number % 3) }],
        }),
        signal: AbortSignal.timeout(answerWithinMs),
      })
      await response.arrayBuffer()
      return response.status
    } catch {
      return 0
    }
  }
}
