/**
 * What can be wrong with a neighbour, in the neighbour. A fault is decided per call; none outlives the process, so a restart
 * mends everything.
 *
 * It must never touch the book: a failing bank is unpleasant, a lying one would make every audit worthless.
 */
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Faults, faults as schema } from '../contracts/simulators.ts'
import { HttpProblem } from '../kit/problem.ts'

export class FaultPlan {
  #faults: Faults = schema.parse({})
  readonly #usualDelayMs: number
  readonly #random: () => number

  /** @param options `usualDelayMs`: what an answer takes when nothing is wrong */
  constructor(options: { usualDelayMs: number; random: () => number }) {
    this.#usualDelayMs = options.usualDelayMs
    this.#random = options.random
  }

  get faults(): Faults {
    return this.#faults
  }

  set(faults: Faults): void {
    this.#faults = faults
  }

  /**
   * Answers a call as the faults have it.
   * @throws HttpProblem 500 by chance, before or after the effect; 422 for an order that is refused
   */
  async answer<Answer>(orderId: string, effect: () => Answer): Promise<Answer> {
    const { delayMs, failPercent, refusePercent, hang } = this.#faults
    if (hang) return new Promise(() => undefined)
    await delay(this.#usualDelayMs + delayMs)
    if (isAmong(orderId, refusePercent)) throw new HttpProblem(422, `Order ${orderId} is refused.`)
    const fails = this.#random() * 100 < failPercent
    const early = this.#random() < 0.5
    if (fails && early) throw new HttpProblem(500, 'It failed, as it was told to.')
    const answer = effect()
    if (fails) throw new HttpProblem(500, 'It failed after its work was done, as it was told to.')
    return answer
  }
}

/** The same orders each time: a hash of the id decides. */
export function isAmong(orderId: string, percent: number): boolean {
  return createHash('sha256').update(orderId).digest().readUInt32BE() % 100 < percent
}
