/**
 * Where clients live: they call whichever server runs, sleep, and are woken with an error when its process ends. Keeps the trace of
 * what happened, which is all that a finding needs beside its seed.
 */

import type { AnyApi, RequestInput, Response } from '@ottla/protocol'
import type { SeededRandom } from '../../packages/log/src/testing/seeded-random.ts'
import { ConnectionLostError, connectionOf, type SimulatedServer } from './server.ts'
import type { Life, VirtualTime } from './virtual-time.ts'

export interface Versions {
  from?: number
  to?: number
}

export class World {
  readonly time: VirtualTime
  readonly random: SeededRandom
  readonly trace: string[] = []
  requestCount = 0
  /** What went wrong in a client: the simulation's finding. */
  failure: Error | undefined
  #server: SimulatedServer | undefined
  #life: Life | undefined
  readonly #waiting = new Set<(error: Error) => void>()

  constructor({ time, random }: { time: VirtualTime; random: SeededRandom }) {
    this.time = time
    this.random = random
  }

  note(line: string): void {
    this.trace.push(`${this.time.nowMs().toFixed(1).padStart(10)}  ${line}`)
  }

  beginLife(life: Life): void {
    this.#life = life
  }

  serverStarted(server: SimulatedServer): void {
    this.#server = server
  }

  /** The process is gone: everyone who waits for it is told. */
  endLife(): void {
    this.#life?.end()
    this.#server = undefined
    for (const reject of [...this.#waiting]) reject(new ConnectionLostError('the process has ended'))
    this.#waiting.clear()
  }

  get server(): SimulatedServer {
    if (!this.#server) throw new ConnectionLostError('no server is running')
    return this.#server
  }

  /** A request in one of the API's versions. Rejects with ConnectionLostError when the process ends before its answer. */
  async call<A extends AnyApi>(
    client: string,
    api: A,
    body: (version: number) => RequestInput<A>,
    versions: Versions = {},
  ): Promise<Response<A>> {
    const { lowest, highestStable } = api.versions
    const version = this.random.between(
      Math.max(lowest, versions.from ?? 0),
      Math.min(highestStable, versions.to ?? highestStable),
    )
    const response = await this.callVersion(client, api, version, body(version))
    if (response === null) throw new Error(`${api.name} v${version} gave no answer`)
    return response
  }

  async callVersion<A extends AnyApi>(
    client: string,
    api: A,
    version: number,
    body: RequestInput<A>,
  ): Promise<Response<A> | null> {
    this.requestCount++
    return this.untilEnd(() => this.server.request(api, version, body, connectionOf(client)))
  }

  async sleep(ms: number): Promise<void> {
    const life = this.#life
    if (!life || life.isOver) throw new ConnectionLostError('the process has ended')
    await this.untilEnd(() => new Promise<void>(resolve => this.time.schedule(life, ms, resolve)))
  }

  /** Rejects with ConnectionLostError when the process ends first. */
  untilEnd<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject)
      work()
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(reject))
    })
  }
}
