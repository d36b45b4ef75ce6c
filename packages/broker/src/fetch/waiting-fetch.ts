/**
 * One fetch: reads its partitions, and where that gives less than `minBytes` waits until it is enough, something is wrong
 * with a partition, the time is up, or the client is gone.
 *
 * While it waits it costs nothing: it hears of partitions whose high watermark moves, and reads only those again.
 */

import type { BrokerServices, ConnectionInfo } from '../services.ts'
import type { FetchTarget } from './fetch-sessions.ts'
import { type PartitionRead, type ReadLimits, readPartition } from './partition-reader.ts'

export interface FetchLimits extends Omit<ReadLimits, 'minOneBatch'> {
  readonly maxWaitMs: number
  readonly minBytes: number
}

/** One read for each target, in their order. */
export async function readOrWait(
  broker: BrokerServices,
  connection: ConnectionInfo,
  targets: readonly FetchTarget[],
  limits: FetchLimits,
): Promise<PartitionRead[]> {
  const reads: PartitionRead[] = []
  let sizeInBytes = 0
  for (const target of targets) {
    const read = readPartition(broker, target, limitsNow(limits, sizeInBytes))
    const done = read instanceof Promise ? await read : read
    sizeInBytes += done.sizeInBytes
    reads.push(done)
  }
  if (limits.maxWaitMs <= 0 || targets.length === 0 || isEnough(reads, sizeInBytes, limits)) return reads

  const watch = new Watch(broker, connection, reads, limits.maxWaitMs)
  try {
    while (!watch.isOver) {
      const moved = await watch.next()
      for (const index of moved) {
        sizeInBytes -= reads[index]!.sizeInBytes
        const read = readPartition(broker, targets[index]!, limitsNow(limits, sizeInBytes))
        const done = read instanceof Promise ? await read : read
        sizeInBytes += done.sizeInBytes
        reads[index] = done
      }
      if (isEnough(reads, sizeInBytes, limits)) break
    }
  } finally {
    watch.end()
  }
  return reads
}

/** Once something was read, what follows must fit in the rest: only the very first batch may be larger than the limit. */
function limitsNow({ maxBytes, maxWaitMs, minBytes, ...limits }: FetchLimits, sizeInBytes: number): ReadLimits {
  return { ...limits, maxBytes: Math.max(maxBytes - sizeInBytes, 0), minOneBatch: sizeInBytes === 0 }
}

function isEnough(reads: readonly PartitionRead[], sizeInBytes: number, { minBytes }: FetchLimits): boolean {
  return sizeInBytes >= minBytes || reads.some(({ data }) => data.errorCode !== 0 || data.divergingEpoch !== undefined)
}

/** What happens to a number of partitions while a fetch waits. */
class Watch {
  isOver = false
  readonly #moved = new Set<number>()
  #wake: (() => void) | null = null
  readonly #subscriptions: (() => void)[]

  constructor(
    { timers }: BrokerServices,
    connection: ConnectionInfo,
    reads: readonly PartitionRead[],
    maxWaitMs: number,
  ) {
    const timer = timers.after(maxWaitMs, () => this.#finish())
    this.#subscriptions = [
      () => timer.cancel(),
      connection.onEnding(() => this.#finish()),
      ...reads.map(({ log }, index) => log?.onHighWatermark(() => this.#note(index)) ?? (() => undefined)),
    ]
    // What moved between the read and the subscription: a read may have waited for the disk.
    reads.forEach(({ log, data }, index) => {
      if (log !== undefined && (log.highWatermark !== data.highWatermark || log.isOffline)) this.#moved.add(index)
    })
  }

  /** Indexes of the partitions that moved since the last call; waits until there is one or the time is up. */
  async next(): Promise<number[]> {
    if (this.#moved.size === 0 && !this.isOver) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    const moved = [...this.#moved]
    this.#moved.clear()
    return moved
  }

  end(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe()
  }

  #note(index: number): void {
    this.#moved.add(index)
    this.#wake?.()
  }

  #finish(): void {
    this.isOver = true
    this.#wake?.()
  }
}
