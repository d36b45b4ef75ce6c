/** Faults of requests: which request meets which fault, and what becomes of it then. Knows of no broker but by its request hook. */

import type { HookedRequest, Intervention, RequestHook } from '@ottla/broker'
import { apis, type ErrorName, errors } from '@ottla/protocol'
import type { Fault, FaultScope } from './api.ts'

/** What to do to one request; `removed` resolves when the fault is removed. */
type Effect = (request: HookedRequest, removed: Promise<void>) => Intervention

export class RequestFaults {
  /** In the order in which they were put in, also those that have happened often enough: they may still hold requests. */
  readonly #faults = new Set<RequestFault>()

  readonly hook: RequestHook = request => {
    for (const fault of this.#faults) if (fault.matches(request)) return fault.happen(request)
    return null
  }

  add(scope: FaultScope, effect: Effect): Fault {
    const fault = new RequestFault(scope, effect, removed => this.#faults.delete(removed))
    this.#faults.add(fault)
    return fault
  }

  clear(): void {
    for (const fault of [...this.#faults]) fault.remove()
  }
}

class RequestFault implements Fault {
  count = 0
  readonly done: Promise<void>
  readonly #apis: ReadonlySet<string> | null
  readonly #topic: string | undefined
  readonly #clientId: string | undefined
  readonly #times: number
  readonly #effect: Effect
  readonly #onRemoved: (fault: RequestFault) => void
  readonly #removed = Promise.withResolvers<void>()
  readonly #resolveDone: () => void

  constructor(scope: FaultScope, effect: Effect, onRemoved: (fault: RequestFault) => void) {
    const { api, topic, clientId, times = 1 } = scope
    if (!(times >= 1)) throw new RangeError(`A fault happens once or more, not ${times} times`)
    this.#apis = api === undefined ? null : new Set(typeof api === 'string' ? [api] : api)
    for (const name of this.#apis ?? []) assertIsApi(name)
    this.#topic = topic
    this.#clientId = clientId
    this.#times = times
    this.#effect = effect
    this.#onRemoved = onRemoved
    const { promise, resolve } = Promise.withResolvers<void>()
    this.done = promise
    this.#resolveDone = resolve
  }

  matches({ api, clientId, topics }: HookedRequest): boolean {
    return (
      this.count < this.#times &&
      (this.#apis === null || this.#apis.has(api)) &&
      (this.#clientId === undefined || this.#clientId === clientId) &&
      (this.#topic === undefined || topics().has(this.#topic))
    )
  }

  happen(request: HookedRequest): Intervention {
    this.count++
    if (this.count >= this.#times) this.#resolveDone()
    return this.#effect(request, this.#removed.promise)
  }

  remove(): void {
    this.#onRemoved(this)
    this.#resolveDone()
    this.#removed.resolve()
  }
}

function assertIsApi(name: string): void {
  const names = [...apis.values()].map(api => api.name)
  if (!names.includes(name)) throw new TypeError(`There is no API ${name}: it is one of ${names.join(', ')}`)
}

export function assertIsError(name: string): asserts name is ErrorName {
  if (!(name in errors))
    throw new TypeError(`Kafka has no error ${name}: it is one of ${Object.keys(errors).join(', ')}`)
}

/** Nobody waits for the answer any more: resolves when the client is gone, or the broker finishes what is under way. */
export function untilEnding({ connection }: HookedRequest): { ending: Promise<void>; unsubscribe: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { ending: promise, unsubscribe: connection.onEnding(resolve) }
}
