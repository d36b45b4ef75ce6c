/**
 * The leader epochs of a partition and the offset at which each began (KIP-101, KIP-320). On one node the epoch goes up on every
 * unclean start: by it a client notices that the tail it has read was cut off. Epochs and start offsets both only rise.
 */

import type { EpochEntry } from './checkpoint-file.ts'

const undefinedEpoch = -1
const undefinedOffset = -1

export class LeaderEpochs {
  #entries: EpochEntry[] = []

  constructor(entries: readonly EpochEntry[] = []) {
    this.replace(entries)
  }

  /** Starts over with these. */
  replace(entries: readonly EpochEntry[]): void {
    this.#entries = []
    for (const entry of entries) this.assign(entry)
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries
  }

  get latest(): number {
    return this.#entries.at(-1)?.epoch ?? undefinedEpoch
  }

  /** An epoch that began at the same offset as the one before it replaces that one: nothing was written in between. */
  assign({ epoch, startOffset }: EpochEntry): void {
    if (epoch <= this.latest) return
    this.truncateFromEnd(startOffset)
    this.#entries.push({ epoch, startOffset })
  }

  /** Forgets epochs that began at this offset or later. */
  truncateFromEnd(endOffset: number): void {
    while ((this.#entries.at(-1)?.startOffset ?? -1) >= endOffset) this.#entries.pop()
  }

  /** The epoch in force at the new log start is kept and made to begin there. */
  truncateFromStart(logStartOffset: number): void {
    const following = this.#entries.findIndex(entry => entry.startOffset > logStartOffset)
    const kept = following < 0 ? this.#entries.length - 1 : following - 1
    const inForce = this.#entries[kept]
    if (!inForce) return
    this.#entries = [{ epoch: inForce.epoch, startOffset: logStartOffset }, ...this.#entries.slice(kept + 1)]
  }

  /**
   * Where the given epoch ended: the start of the next one, or the end offset for the latest. The epoch answered is the largest
   * known one that is not above the one asked for. Both are -1 where nothing is known (an epoch of the future, or none at all).
   */
  endOffsetFor(epoch: number, endOffset: number): { leaderEpoch: number; endOffset: number } {
    if (epoch === undefinedEpoch) return { leaderEpoch: undefinedEpoch, endOffset: undefinedOffset }
    if (epoch === this.latest) return { leaderEpoch: epoch, endOffset }
    const next = this.#entries.findIndex(entry => entry.epoch > epoch)
    if (next < 0) return { leaderEpoch: undefinedEpoch, endOffset: undefinedOffset }
    const nextStartOffset = this.#entries[next]!.startOffset
    return { leaderEpoch: this.#entries[next - 1]?.epoch ?? epoch, endOffset: nextStartOffset }
  }
}
