/**
 * Clients that write in transactions, with and without an epoch of their own for each (KIP-890). Whatever does not go as it should makes
 * them begin anew under their id, which ends what they had open.
 */

import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  buildRecordBatch,
  endTxn,
  errorName,
  findCoordinator,
  initProducerId,
  produce,
  txnOffsetCommit,
} from '@ottla/protocol'
import { mayBeForgotten } from './committed-offsets.ts'
import { check } from './ledger.ts'
import {
  committedTransfer,
  readTransfers,
  type Transfer,
  type Transfers,
  transfersPartitions,
  transfersTopic,
} from './transfers.ts'
import type { World } from './world.ts'

/** Far more than it takes a coordinator to be ready when no disk misbehaves. */
const maxTries = 1_000
const acksAll = -1

const versions = {
  older: { produce: { from: 3, to: 11 }, endTxn: { to: 4 }, txnOffsetCommit: { to: 4 } },
  newer: { produce: { from: 12, to: 12 }, endTxn: { from: 5 }, txnOffsetCommit: { from: 5, to: 5 } },
} as const

interface Producer {
  readonly transactionalId: string
  readonly groupId: string
  producerId: number
  producerEpoch: number
  readonly sequences: Map<number, number>
}

export class TransactionalCrew {
  readonly #producers: readonly Producer[] = ['debit', 'credit'].map(transactionalId => ({
    ...{ transactionalId, groupId: `${transactionalId}-group`, producerId: -1, producerEpoch: -1 },
    sequences: new Map(),
  }))

  async work(world: World, transfers: Transfers, count: number): Promise<void> {
    if (!transfers.isTopicThere) return
    await Promise.all([
      ...this.#producers.map(producer => work(world, transfers, producer, count)),
      watch(world, transfers, count),
    ])
  }

  /** After a start that met no fault: nothing is open any more, and all that was promised is there. */
  async verify(world: World, transfers: Transfers): Promise<void> {
    if (!transfers.isTopicThere) return
    for (const producer of this.#producers) {
      let error = ''
      for (let i = 0; error !== 'NONE'; i++) {
        check(i < maxTries, () => `${producer.transactionalId} can't begin anew: ${error}`)
        if (i > 0) await world.sleep(20) // a slow disk may take seconds to load what the coordinator knows
        error = await initialise(world, producer)
      }
    }
    const visible: Set<number>[] = []
    for (let partition = 0; partition < transfersPartitions; partition++) {
      const { lastStableOffset, highWatermark } = world.server.services.logs.get(transfersTopic, partition)!
      check(
        lastStableOffset === highWatermark,
        () => `a transaction is open in partition ${partition} that nobody knows of: ${lastStableOffset}`,
      )
      const numbers = await readTransfers(world, transfers, partition)
      check(numbers !== null, () => `partition ${partition} of the transactions can't be read`)
      visible.push(numbers)
    }
    const committed = new Map<string, number>()
    for (const { groupId } of this.#producers) {
      const offset = await committedTransfer(world, groupId)
      if (offset >= 0 || !mayBeForgotten(world)) committed.set(groupId, offset)
    }
    transfers.settle(visible, committed)
  }
}

async function watch(world: World, transfers: Transfers, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await world.sleep(world.random.below(60))
    await readTransfers(world, transfers, world.random.below(transfersPartitions))
  }
}

async function work(world: World, transfers: Transfers, producer: Producer, count: number): Promise<void> {
  const { random } = world
  let isReady = (await initialise(world, producer)) === 'NONE'
  for (let i = 0; i < count; i++) {
    await world.sleep(random.below(30))
    isReady &&= await transact(world, transfers, producer)
    if (!isReady || random.chance(0.1)) isReady = (await initialise(world, producer)) === 'NONE'
  }
}

async function initialise(world: World, producer: Producer): Promise<string> {
  const { transactionalId } = producer
  const transactionTimeoutMs = world.random.pick([60_000, 60_000, 150])
  const found = await world.call(
    'tx',
    findCoordinator,
    () => ({ key: transactionalId, keyType: 1, coordinatorKeys: [transactionalId] }),
    { from: 1 },
  )
  const coordinatorError = found.coordinators[0]?.errorCode ?? found.errorCode
  if (coordinatorError !== 0) return errorName(coordinatorError)
  const answer = await world.call('tx', initProducerId, () => ({ transactionalId, transactionTimeoutMs }))
  const error = errorName(answer.errorCode)
  world.note(`init ${transactionalId}: ${error} ${answer.producerId}/${answer.producerEpoch}`)
  if (error === 'NONE') goOnWith(producer, answer)
  return error
}

function goOnWith(producer: Producer, next: { producerId: bigint; producerEpoch: number }): void {
  producer.producerId = Number(next.producerId)
  producer.producerEpoch = next.producerEpoch
  producer.sequences.clear()
}

/** One transaction. False when its producer has to begin anew. */
async function transact(world: World, transfers: Transfers, producer: Producer): Promise<boolean> {
  const { random } = world
  const knows = random.pick(['older', 'newer'] as const)
  const transfer = transfers.begin(producer.groupId)
  const partitions = [0, 1, 2].filter(() => random.chance(0.6))
  if (partitions.length === 0) partitions.push(random.below(transfersPartitions))
  const label = `${producer.transactionalId} transaction ${transfer.number} (${knows})`
  world.note(`${label} in partitions ${partitions}`)
  for (const partition of partitions) {
    const error = await write(world, producer, { transfer, partition, knows })
    if (error === 'NONE') continue
    world.note(`${label} partition ${partition}: ${error}`)
    return false
  }
  if (random.chance(0.7)) {
    const error = await commitOffset(world, producer, { transfer, knows })
    if (error !== 'NONE') {
      world.note(`${label} offset: ${error}`)
      return false
    }
  }
  // A transaction that takes its time.
  if (random.chance(0.1)) await world.sleep(random.below(400))
  const committed = random.chance(0.7)
  transfer.asked = committed ? 'commit' : 'abort'
  const { transactionalId, producerId, producerEpoch } = producer
  const answer = await world.call(
    'tx',
    endTxn,
    () => ({ transactionalId, producerId, producerEpoch, committed }),
    versions[knows].endTxn,
  )
  const error = errorName(answer.errorCode)
  world.note(`${label} ${transfer.asked}: ${error}`)
  if (error !== 'NONE') return false
  transfer.end = committed ? 'committed' : 'aborted'
  if (knows === 'newer') goOnWith(producer, answer)
  return true
}

interface Step {
  readonly transfer: Transfer
  readonly knows: 'older' | 'newer'
}

async function write(
  world: World,
  producer: Producer,
  { transfer, knows, partition }: Step & { partition: number },
): Promise<string> {
  const { transactionalId, producerId, producerEpoch, sequences } = producer
  if (knows === 'older') {
    const topics = [{ name: transfersTopic, partitions: [partition] }]
    const added = await world.call('tx', addPartitionsToTxn, () => ({
      transactions: [{ transactionalId, producerId, producerEpoch, verifyOnly: false, topics }],
      ...{ v3AndBelowTransactionalId: transactionalId, v3AndBelowProducerId: producerId },
      ...{ v3AndBelowProducerEpoch: producerEpoch, v3AndBelowTopics: topics },
    }))
    const results = added.resultsByTransaction[0]?.topicResults ?? added.resultsByTopicV3AndBelow
    const { partitionErrorCode } = results[0]!.resultsByPartition[0]!
    if (partitionErrorCode !== 0) return errorName(partitionErrorCode)
  }
  const baseSequence = sequences.get(partition) ?? 0
  const value = Buffer.from(String(transfer.number))
  const records = buildRecordBatch({
    ...{ baseOffset: 0, producerId, producerEpoch, baseSequence, transactional: true },
    records: [{ timestamp: world.time.wallMs(), key: null, value, headers: [] }],
  })
  const { responses } = await world.call(
    'tx',
    produce,
    () => ({
      ...{ transactionalId, acks: acksAll, timeoutMs: 30_000 },
      topicData: [{ name: transfersTopic, partitionData: [{ index: partition, records }] }],
    }),
    versions[knows].produce,
  )
  const { errorCode, baseOffset } = responses[0]!.partitionResponses[0]!
  if (errorCode === 0) {
    sequences.set(partition, baseSequence + 1)
    transfer.offsets.set(partition, Number(baseOffset))
  }
  return errorName(errorCode)
}

async function commitOffset(world: World, producer: Producer, { transfer, knows }: Step): Promise<string> {
  const { transactionalId, groupId, producerId, producerEpoch } = producer
  const claim = { transactionalId, groupId, producerId, producerEpoch }
  if (knows === 'older') {
    const { errorCode } = await world.call('tx', addOffsetsToTxn, () => claim)
    if (errorCode !== 0) return errorName(errorCode)
  }
  const partitions = [{ partitionIndex: 0, committedOffset: transfer.number, committedMetadata: '' }]
  const { topics } = await world.call(
    'tx',
    txnOffsetCommit,
    () => ({ ...claim, memberId: '', topics: [{ name: transfersTopic, partitions }] }),
    versions[knows].txnOffsetCommit,
  )
  const { errorCode } = topics[0]!.partitions[0]!
  if (errorCode === 0) transfer.hasOffset = true
  return errorName(errorCode)
}
