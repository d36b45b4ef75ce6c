/**
 * One fetch: reads its partitions, and where that gives less than `minBytes` waits until it is enough, something is wrong
 * with a partition, the time is up, or the client is gone.
 *
 * While it waits it costs nothing: it hears of partitions whose high watermark moves, and reads only those again.
 */

import type { PartitionLog } from '@ottla/log'
import { recordBatches } from '@ottla/protocol'
import type { BrokerServices, ConnectionInfo } from '../services.ts'
import type { FetchTarget } from './fetch-sessions.ts'
import { type PartitionRead, type ReadLimits, readPartition } from './partition-reader.ts'

export interface FetchLimits extends Omit<ReadLimits, 'minOneBatch'> {
  readonly maxWaitMs: number
  readonly minBytes: number
}

/** One read for each target, in their order. What is read counts as an answer that is not sent yet, from the moment it is in memory. */
export async function readOrWait(
  broker: BrokerServices,
  connection: ConnectionInfo,
  targets: readonly FetchTarget[],
  limits: FetchLimits,
): Promise<PartitionRead[]> {
  const reads = new Reads(broker, targets, limits)
  try {
    for (const index of targets.keys()) {
      const reading = reads.read(index)
      if (reading) await reading
    }
    if (limits.maxWaitMs <= 0 || targets.length === 0 || reads.areEnough) return reads.all
    const watch = new Watch(broker, connection, reads.all, limits.maxWaitMs)
    try {
      while (!watch.isOver) {
        for (const index of await watch.next()) await reads.read(index)
        if (reads.areEnough) break
      }
    } finally {
      watch.end()
    }
    return reads.all
  } finally {
    reads.release()
  }
}

/** What has been read so far. */
class Reads {
  readonly all: PartitionRead[] = []
  readonly #broker: BrokerServices
  readonly #targets: readonly FetchTarget[]
  readonly #limits: FetchLimits
  #sizeInBytes = 0

  constructor(broker: BrokerServices, targets: readonly FetchTarget[], limits: FetchLimits) {
    this.#broker = broker
    this.#targets = targets
    this.#limits = limits
  }

  /** Reads a partition, for the first time or again. Nothing to wait for where the tail of the log in memory has it. */
  read(index: number): Promise<void> | undefined {
    this.#count(-(this.all[index]?.sizeInBytes ?? 0))
    const target = this.#targets[index]!
    const limits = this.#limitsNow()
    const read = readPartition(this.#broker, target, limits)
    if (read instanceof Promise) return this.#readFile(index, read, Math.min(limits.maxBytes, target.maxBytes))
    this.#keep(index, read)
    return undefined
  }

  /** Counts what it may become as long as it is not known: others that begin to read meanwhile find that much less room. */
  async #readFile(index: number, read: Promise<PartitionRead>, maxBytes: number): Promise<void> {
    const { unsentAnswers } = this.#broker
    const reservedBytes = Math.max(maxBytes, 0)
    unsentAnswers.add(reservedBytes)
    try {
      this.#keep(index, await read)
    } finally {
      unsentAnswers.add(-reservedBytes)
    }
  }

  #keep(index: number, read: PartitionRead): void {
    this.#count(read.sizeInBytes)
    this.all[index] = read
  }

  /** No partition that has an error or has diverged waits for more; nor does who has all that the limits allow. */
  get areEnough(): boolean {
    const { maxBytes } = this.#limits
    const minBytes = Math.min(this.#limits.minBytes, maxBytes)
    if (this.#sizeInBytes >= minBytes) return true
    if (this.all.some(({ data }) => data.errorCode !== 0 || data.divergingEpoch !== undefined)) return true
    // The next batch does not fit: as many bytes as fit are there, although only whole batches are given (Kafka gives a piece of it).
    const available = this.all.reduce((sum, { sizeInBytes }, index) => {
      const limit = Math.min(this.#targets[index]!.maxBytes, maxBytes)
      return sum + (sizeInBytes < limit && this.#hasMore(index) ? limit : sizeInBytes)
    }, 0)
    return available >= minBytes
  }

  release(): void {
    this.#count(-this.#sizeInBytes)
  }

  #hasMore(index: number): boolean {
    const { data, sizeInBytes } = this.all[index]!
    const end = this.#limits.isReadCommitted ? data.lastStableOffset : data.highWatermark
    if (sizeInBytes === 0) return this.#sizeInBytes > 0 && this.#targets[index]!.fetchOffset < end
    let nextOffset = 0
    for (const batch of recordBatches(data.records.at(-1)!)) nextOffset = batch.nextOffset
    return nextOffset < end
  }

  #count(bytes: number): void {
    this.#sizeInBytes += bytes
    this.#broker.unsentAnswers.add(bytes)
  }

  /** Once something was read, what follows must fit in the rest: only the very first batch may be larger than the limit. */
  #limitsNow(): ReadLimits {
    const { maxBytes, maxWaitMs, minBytes, ...limits } = this.#limits
    const room = Math.min(maxBytes - this.#sizeInBytes, this.#broker.unsentAnswers.roomInBytes)
    return { ...limits, maxBytes: Math.max(room, 0), minOneBatch: this.#sizeInBytes === 0 }
  }
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
      if (log !== undefined && (hasMoved(log, data) || log.isOffline)) this.#moved.add(index)
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

function hasMoved(log: PartitionLog, data: PartitionRead['data']): boolean {
  return log.highWatermark !== data.highWatermark || log.lastStableOffset !== data.lastStableOffset
}
