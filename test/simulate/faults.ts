/** How the disk of one life misbehaves, once it is told to. */

import type { SeededRandom } from '../../packages/log/src/testing/seeded-random.ts'
import type {
  CallFate,
  DiskCall,
  DiskOperation,
} from '../../packages/log/src/testing/simulated-disk/simulated-file-system.ts'

/**
 *   full       no room for a while: what needs room fails with ENOSPC
 *   flush      a flush fails now and then, and what it was to flush may be lost (fsyncgate)
 *   write      a write fails now and then, done in part
 *   read       a read fails now and then
 *   directory  a directory can't be synced now and then
 */
export type Misbehaviour = 'none' | 'full' | 'flush' | 'write' | 'read' | 'directory'

const needsRoom: ReadonlySet<DiskOperation> = new Set(['write', 'create', 'makeDirectory'])
const failing: Record<Exclude<Misbehaviour, 'none' | 'full'>, DiskOperation> = {
  flush: 'datasync',
  write: 'write',
  read: 'read',
  directory: 'syncDirectory',
}

export class Faults {
  readonly misbehaviour: Misbehaviour
  readonly #random: SeededRandom
  readonly #nowMs: () => number
  #isOn = false
  /** A full disk that the broker starts on: without its metadata it would not. */
  #sparesMetadata = false
  #fullFromMs = Number.POSITIVE_INFINITY
  #fullUntilMs = Number.POSITIVE_INFINITY
  /** How many calls have failed. */
  count = 0

  constructor({
    random,
    nowMs,
    misbehaviour,
  }: { random: SeededRandom; nowMs: () => number; misbehaviour?: Misbehaviour }) {
    this.#random = random
    this.#nowMs = nowMs
    this.misbehaviour =
      misbehaviour ?? random.weighted({ none: 60, full: 15, flush: 8, write: 6, read: 6, directory: 5 })
  }

  /** From now on; a disk gets full within `fullWithinMs`, for a while. */
  begin({ fullWithinMs, sparesMetadata = false }: { fullWithinMs: number; sparesMetadata?: boolean }): void {
    this.#isOn = true
    this.#sparesMetadata = sparesMetadata
    this.#fullFromMs = this.#nowMs() + this.#random.below(fullWithinMs)
    this.#fullUntilMs = this.#fullFromMs + this.#random.below(200)
  }

  end(): void {
    this.#isOn = false
  }

  fateOf({ operation, path }: DiskCall): CallFate {
    const random = this.#random
    const isSync = operation === 'datasync' || operation === 'syncDirectory'
    const delayMs = !isSync ? random.next() / 2 : random.chance(0.01) ? 3000 * random.next() : 0.5 + 4 * random.next()
    const isSpared = this.#sparesMetadata && path.includes('__cluster_metadata')
    const failure = this.#isOn && !isSpared ? this.#failureOf(operation) : undefined
    if (failure === undefined) return { delayMs }
    this.count++
    return { delayMs, failure }
  }

  #failureOf(operation: DiskOperation): string | undefined {
    const { misbehaviour } = this
    if (misbehaviour === 'none') return undefined
    if (misbehaviour === 'full') {
      const isFull = this.#nowMs() >= this.#fullFromMs && this.#nowMs() < this.#fullUntilMs
      return isFull && needsRoom.has(operation) && this.#random.chance(0.8) ? 'ENOSPC' : undefined
    }
    return failing[misbehaviour] === operation && this.#random.chance(0.04) ? 'EIO' : undefined
  }
}
