/**
 * What transactions promise: each one writes its number into several partitions and commits it as a group's offset, and of that all is there
 * or nothing for who reads only what is committed. The topic is theirs alone, and not part of the other ledger.
 */

import { createTopics, errorName, fetch, offsetFetch, recordBatches } from '@ottla/protocol'
import { check } from './ledger.ts'
import type { World } from './world.ts'

export const transfersTopic = 'transfers'
export const transfersPartitions = 3
const readCommitted = 1
const maxDecompressedBytes = 1_000_000

export interface Transfer {
  /** Unique, and ascending for each producer. */
  readonly number: number
  readonly groupId: string
  /** Offsets of its records by partition, as acknowledged. */
  readonly offsets: Map<number, number>
  /** Whether its offset was acknowledged. */
  hasOffset: boolean
  asked: 'nothing' | 'commit' | 'abort'
  /** That end was acknowledged, or it was seen to have come. */
  end: 'unknown' | 'committed' | 'aborted'
}

export class Transfers {
  readonly #all = new Map<number, Transfer>()
  isTopicThere = false

  begin(groupId: string): Transfer {
    const number = this.#all.size + 1
    const transfer: Transfer = {
      ...{ number, groupId, offsets: new Map(), hasOffset: false, asked: 'nothing', end: 'unknown' },
    }
    this.#all.set(number, transfer)
    return transfer
  }

  /** A reader of what is committed was shown this record. */
  seen(number: number, partition: number, offset: number): void {
    const transfer = this.#all.get(number)
    check(transfer !== undefined, () => `transaction ${number} was never begun`)
    const label = `transaction ${number} (${transfer.asked} asked, ${transfer.end})`
    check(
      transfer.asked === 'commit' && transfer.end !== 'aborted',
      () => `${label} is visible in partition ${partition}`,
    )
    const acknowledged = transfer.offsets.get(partition)
    check(acknowledged === offset, () => `${label} is visible at ${partition}/${offset}, promised was ${acknowledged}`)
    transfer.end = 'committed'
  }

  /**
   * No transaction is open: whatever was committed is visible, all of it.
   * @param visible numbers by partition
   * @param committed the offsets of all groups
   */
  settle(visible: readonly ReadonlySet<number>[], committed: ReadonlyMap<string, number>): void {
    const last = new Map<string, number>()
    for (const transfer of this.#all.values()) {
      const { number, groupId, offsets } = transfer
      const found = [...offsets.keys()].filter(partition => visible[partition]!.has(number))
      const isThere = found.length > 0
      check(
        !isThere || found.length === offsets.size,
        () => `transaction ${number} is visible in partitions ${found} of ${[...offsets.keys()]}`,
      )
      check(transfer.end !== 'committed' || isThere, () => `transaction ${number} was committed and is gone`)
      transfer.end = isThere ? 'committed' : 'aborted'
      if (isThere && transfer.hasOffset) last.set(groupId, number)
    }
    for (const [groupId, offset] of committed) {
      const expected = last.get(groupId) ?? -1
      check(offset === expected, () => `group ${groupId} has committed ${offset}, its last transaction was ${expected}`)
    }
  }
}

/** The topic lasts: once anything was acknowledged in it, it is there. */
export async function createTransfersTopic(world: World, transfers: Transfers): Promise<void> {
  const topics = [{ name: transfersTopic, numPartitions: transfersPartitions, replicationFactor: 1 }]
  const { topics: created } = await world.call('transfers', createTopics, () => ({
    topics: topics.map(topic => ({ ...topic, assignments: [], configs: [] })),
    timeoutMs: 30_000,
    validateOnly: false,
  }))
  const error = errorName(created[0]!.errorCode)
  check(
    error === 'TOPIC_ALREADY_EXISTS' || !transfers.isTopicThere,
    () => `the topic of transactions was gone: ${error}`,
  )
  transfers.isTopicThere = error === 'NONE' || error === 'TOPIC_ALREADY_EXISTS'
}

/** The numbers that a reader of what is committed finds in a partition; it may be at work while transactions are. */
export async function readTransfers(
  world: World,
  transfers: Transfers,
  partition: number,
): Promise<Set<number> | null> {
  const numbers = new Set<number>()
  let offset = 0
  for (;;) {
    const fetchOffset = offset
    const { responses } = await world.call(
      'reader',
      fetch,
      () => ({
        ...{ maxWaitMs: 0, minBytes: 0, maxBytes: world.random.pick([1_000, 1_000_000]) },
        ...{ isolationLevel: readCommitted, sessionEpoch: -1, forgottenTopicsData: [] },
        topics: [{ topic: transfersTopic, partitions: [{ partition, fetchOffset, partitionMaxBytes: 1_000_000 }] }],
      }),
      { from: 4, to: 12 },
    )
    const { errorCode, records, abortedTransactions, lastStableOffset } = responses[0]!.partitions[0]!
    if (errorCode !== 0) return null
    const aborted = (abortedTransactions ?? []).map(entry => [Number(entry.producerId), Number(entry.firstOffset)])
    for (const batch of recordBatches(records ?? Buffer.alloc(0))) {
      offset = batch.nextOffset
      const index = aborted.findIndex(([id, first]) => id === batch.producerId && first! <= batch.baseOffset)
      if (batch.isControl) {
        if (index >= 0) aborted.splice(index, 1)
        continue
      }
      if (index >= 0) continue
      for (const { value, offset: at } of batch.records({ maxDecompressedBytes })) {
        const number = Number(value)
        check(!numbers.has(number), () => `transaction ${number} is twice in partition ${partition}`)
        numbers.add(number)
        transfers.seen(number, partition, at)
      }
    }
    if (offset >= Number(lastStableOffset)) return numbers
  }
}

/** The offset that a group has committed, once no transaction can change it any more; -1 without one. */
export async function committedTransfer(world: World, groupId: string): Promise<number> {
  const topics = [{ name: transfersTopic, partitionIndexes: [0] }]
  const { groups } = await world.call(
    'reader',
    offsetFetch,
    () => ({ groups: [{ groupId, memberId: null, memberEpoch: -1, topics }], requireStable: true }),
    { from: 8, to: 9 },
  )
  const partition = groups[0]!.topics[0]!.partitions[0]!
  const error = errorName(partition.errorCode)
  check(error === 'NONE', () => `the offset of group ${groupId} is not known though no transaction is open: ${error}`)
  return Number(partition.committedOffset)
}
