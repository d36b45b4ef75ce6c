/** How to call another service without falling with it: repeats, a breaker, a bulkhead. For calls that are safe to repeat. */
import { setTimeout as delay } from 'node:timers/promises'
import { ServiceUnavailableError } from './call.ts'

const failuresToOpen = 5
const openMs = 2000

/**
 *   closed -> open        several failures in a row: calls fail at once, without burdening who is down
 *   open   -> half-open   after a while one call may try
 *   half-open -> closed   it succeeded; -> open  it did not
 */
export class Breaker {
  readonly #service: string
  readonly #nowMs: () => number
  #failures = 0
  #openedAtMs = 0
  #isTrying = false

  constructor(service: string, nowMs: () => number = () => performance.now()) {
    this.#service = service
    this.#nowMs = nowMs
  }

  get state(): 'closed' | 'open' | 'half-open' {
    if (this.#failures < failuresToOpen) return 'closed'
    return this.#nowMs() - this.#openedAtMs < openMs ? 'open' : 'half-open'
  }

  /** Only a service that does not answer counts as failed; one that refuses is well. */
  async run<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const { state } = this
    if (state === 'open' || (state === 'half-open' && this.#isTrying)) {
      throw new ServiceUnavailableError(this.#service, 'has failed several times and is left alone for a moment')
    }
    this.#isTrying = state === 'half-open'
    try {
      const answer = await work()
      this.#failures = 0
      return answer
    } catch (error) {
      if (error instanceof ServiceUnavailableError) {
        this.#failures += 1
        this.#openedAtMs = this.#nowMs()
      }
      throw error
    } finally {
      if (state === 'half-open') this.#isTrying = false
    }
  }
}

/** At most so many at once; more are for the caller to turn away, while that is still cheap. */
export class Bulkhead {
  readonly #limit: number
  #underWay = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get isFull(): boolean {
    return this.#underWay >= this.#limit
  }

  async run<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    this.#underWay += 1
    try {
      return await work()
    } finally {
      this.#underWay -= 1
    }
  }
}

/** Tries again, after pauses that differ by chance so that many callers do not come back at once. @throws the last error */
export async function withRetries<Answer>(
  work: () => Promise<Answer>,
  options: { tries: number; withinMs: number; isRetriable: (error: unknown) => boolean; random?: () => number },
): Promise<Answer> {
  const { tries, withinMs, isRetriable, random = Math.random } = options
  const deadline = performance.now() + withinMs
  for (let failures = 1; ; failures += 1) {
    try {
      return await work()
    } catch (error) {
      const pauseMs = random() * 50 * 2 ** failures
      if (failures === tries || !isRetriable(error) || performance.now() + pauseMs > deadline) throw error
      await delay(pauseMs)
    }
  }
}
