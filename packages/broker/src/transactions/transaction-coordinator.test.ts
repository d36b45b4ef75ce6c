import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type ErrorName, KafkaError } from '@ottla/protocol'
import type { TransactionMarker } from '../coordinators/state-log.ts'
import { silentLogger } from '../logger.ts'
import { ManualTime } from '../testing/manual-time.ts'
import { MemoryLog } from '../testing/memory-log.ts'
import type { Producer, TopicPartition } from './transaction.ts'
import { TransactionCoordinator } from './transaction-coordinator.ts'

const maxWaitMs = 100
const dayMs = 86_400_000
const partition = { topic: 'orders', partition: 0 }
const transactionalId = 'tx'

/** A coordinator over one log in memory. Markers are written when the test lets them. */
class World {
  readonly time = new ManualTime()
  log = new MemoryLog()
  /** Of those that were written, oldest first. */
  readonly markers: (TopicPartition & TransactionMarker)[] = []
  markerError: Error | null = null
  coordinator = this.#start()
  #hold: Promise<void> | null = null
  #release: (() => void) | null = null
  #nextProducerId = 1_000

  holdMarkers(): void {
    this.#hold = new Promise(resolve => {
      this.#release = resolve
    })
  }

  async releaseMarkers(): Promise<void> {
    this.#hold = null
    this.#release?.()
    await turn()
  }

  /** The process dies and starts again: what is in the log is known. */
  async restart(): Promise<void> {
    await this.coordinator.stop()
    this.coordinator = this.#start()
    await this.coordinator.start()
    await turn()
  }

  initialise(expected: Producer | null = null, timeoutMs = 60_000): Promise<Producer> {
    return this.coordinator.initialise({ transactionalId, timeoutMs, expected })
  }

  add(producer: Producer): Promise<void> {
    return this.coordinator.addPartitions({ transactionalId, producer, partitions: [partition], clientVersion: 2 })
  }

  end(producer: Producer, end: 'commit' | 'abort' = 'commit'): Promise<Producer> {
    return this.coordinator.end({ transactionalId, producer, end, clientVersion: 2 })
  }

  hindrance(producer: Producer): ErrorName | null {
    return this.coordinator.whyNotWritable({ transactionalId, producer, partition })
  }

  get state(): string {
    return this.coordinator.describe(transactionalId).state
  }

  #start(): TransactionCoordinator {
    const { time } = this
    return new TransactionCoordinator({
      settings: {
        maxTimeoutMs: 900_000,
        timeoutCheckIntervalMs: 10_000,
        idExpirationMs: 7 * dayMs,
        expirationCheckIntervalMs: 3_600_000,
        maxWaitMs,
      },
      version: () => 2,
      producerIds: { next: async () => this.#nextProducerId++ },
      clock: time,
      timers: time,
      logger: silentLogger,
      writeMarker: async (place, marker) => {
        await this.#hold
        if (this.markerError !== null) throw this.markerError
        this.markers.push({ ...place, ...marker })
      },
      topic: { logs: () => [this.log], create: async () => assert.fail('the topic is there') },
    })
  }
}

async function start(): Promise<World> {
  const world = new World()
  await world.coordinator.start()
  return world
}

const rejects = (promise: Promise<unknown>, errorName: ErrorName): Promise<void> =>
  assert.rejects(promise, (error: unknown) => error instanceof KafkaError && error.errorName === errorName)

test('loads the transactions of a log that was offline at the start once it returns', async () => {
  const world = await start()
  const producer = await world.initialise()
  const { log } = world
  world.log = new MemoryLog()
  world.log.isOffline = true
  await world.restart()
  await rejects(world.add(producer), 'COORDINATOR_NOT_AVAILABLE')
  await world.coordinator.logReturned(log)
  await world.add(producer)
  assert.equal(world.state, 'Ongoing')
})

describe('the order of a transaction', () => {
  test('nothing may be written before the log knows of the transaction', async () => {
    const world = await start()
    const producer = await world.initialise()
    world.log.isSlow = true
    const added = world.add(producer)
    await turn()
    assert.equal(world.hindrance(producer), 'CONCURRENT_TRANSACTIONS')
    world.log.completeWrites()
    await added
    assert.equal(world.hindrance(producer), null)
  })

  test('no marker is written before the decision is durable, and nothing is written behind the decision', async () => {
    const world = await start()
    const producer = await world.initialise()
    await world.add(producer)
    world.log.isSlow = true
    const ended = world.end(producer)
    await turn()
    assert.deepEqual([world.markers.length, world.state], [0, 'Ongoing'])
    assert.equal(world.hindrance(producer), 'CONCURRENT_TRANSACTIONS')
    world.log.isSlow = false
    world.log.completeWrites()
    assert.deepEqual(await ended, { ...producer, producerEpoch: producer.producerEpoch + 1 })
    await turn()
    const [marker] = world.markers
    assert.deepEqual([marker?.result, marker?.producerEpoch, world.state], ['commit', 1, 'CompleteCommit'])
    assert.equal(world.hindrance(producer), 'PRODUCER_FENCED')
  })

  test('the end is answered before its markers are written, and the next transaction waits for them', async () => {
    const world = await start()
    const producer = await world.initialise()
    await world.add(producer)
    world.holdMarkers()
    const next = await world.end(producer)
    assert.equal(world.state, 'PrepareCommit')
    const added = world.add(next)
    await turn()
    await world.releaseMarkers()
    await added
    assert.deepEqual([world.state, world.markers.length], ['Ongoing', 1])
  })

  test('who waits for too long is told to try again', async () => {
    const world = await start()
    const producer = await world.initialise()
    await world.add(producer)
    world.holdMarkers()
    const next = await world.end(producer)
    const waiting = [world.add(next), world.initialise(), world.end(producer)]
    const told = Promise.all(waiting.map(promise => rejects(promise, 'CONCURRENT_TRANSACTIONS')))
    await turn()
    world.time.advance(maxWaitMs)
    await told
  })

  test('a change that could not be stored has not happened', async () => {
    const world = await start()
    world.log.isFull = true
    await rejects(world.initialise(), 'NOT_COORDINATOR')
    world.log.isFull = false
    const producer = await world.initialise()
    assert.equal(producer.producerEpoch, 0)
    await world.add(producer)
    world.log.isSlow = true
    const ended = rejects(world.end(producer), 'NOT_COORDINATOR')
    await turn()
    world.log.isSlow = false
    world.log.loseWrites()
    await ended
    assert.deepEqual([world.state, world.markers.length, world.hindrance(producer)], ['Ongoing', 0, null])
    assert.equal((await world.end(producer)).producerEpoch, 1)
  })
})

describe('after a crash', () => {
  test('what was decided is written, once more if need be', async () => {
    for (const end of ['commit', 'abort'] as const) {
      const world = await start()
      const producer = await world.initialise()
      await world.add(producer)
      world.holdMarkers()
      await world.end(producer, end)
      await world.restart()
      await world.releaseMarkers()
      assert.equal(world.state, end === 'commit' ? 'CompleteCommit' : 'CompleteAbort')
      assert.deepEqual([...new Set(world.markers.map(({ result }) => result))], [end])
      assert.equal((await world.end(producer, end)).producerEpoch, 1, 'the lost answer')
    }
  })

  test('an open transaction is open, for the rest of its time', async () => {
    const world = await start()
    const producer = await world.initialise(null, 30_000)
    await world.add(producer)
    world.time.advance(25_000)
    await world.restart()
    assert.equal(world.hindrance(producer), null)
    world.time.advance(10_000)
    await turn()
    assert.equal(world.state, 'CompleteAbort')
    await rejects(world.end(producer), 'INVALID_TXN_STATE')
    // To abort is what its producer can do, and go on.
    assert.equal((await world.end(producer, 'abort')).producerEpoch, 1)
  })

  test('a producer goes on with a higher epoch than anybody had', async () => {
    const world = await start()
    const producer = await world.initialise()
    await world.add(producer)
    await world.end(producer)
    await turn()
    await world.restart()
    assert.deepEqual(await world.initialise(), { ...producer, producerEpoch: 2 })
  })
})

describe('upkeep', () => {
  test('aborts what is open for longer than its producer wanted, and nothing else', async () => {
    const world = await start()
    const producer = await world.initialise(null, 25_000)
    await world.add(producer)
    world.time.advance(20_000)
    await turn()
    assert.equal(world.state, 'Ongoing')
    world.time.advance(10_000)
    await turn()
    assert.equal(world.state, 'CompleteAbort')
    assert.equal(world.markers.at(-1)?.result, 'abort')
    assert.ok(world.markers.at(-1)!.producerEpoch > producer.producerEpoch)
  })

  test('tries again to write markers, and only those that are missing', async () => {
    const world = await start()
    const producer = await world.initialise()
    await world.add(producer)
    world.markerError = new KafkaError('KAFKA_STORAGE_ERROR', 'the disk is full')
    const next = await world.end(producer)
    await turn()
    assert.equal(world.state, 'PrepareCommit')
    world.markerError = null
    world.time.advance(1_000)
    await turn()
    assert.deepEqual([world.state, world.markers.length], ['CompleteCommit', 1])
    await world.add(next)
  })

  test('tries again to store that an end is complete', async () => {
    const world = await start()
    const producer = await world.initialise()
    await world.add(producer)
    world.holdMarkers()
    await world.end(producer)
    world.log.isFull = true
    await world.releaseMarkers()
    assert.equal(world.state, 'PrepareCommit')
    world.log.isFull = false
    world.time.advance(1_000)
    await turn()
    assert.deepEqual([world.state, world.markers.length], ['CompleteCommit', 1])
  })

  test('forgets ids that nobody has used for a week, unless a transaction is open', async () => {
    const world = await start()
    const producer = await world.initialise(null, 900_000)
    await world.add(producer)
    world.time.advance(1_000)
    await world.coordinator.expire()
    assert.equal(world.state, 'Ongoing')
    await world.end(producer)
    await turn()
    world.time.advance(7 * dayMs - 1_000)
    await world.coordinator.expire()
    assert.equal(world.state, 'CompleteCommit')
    world.time.advance(1_000)
    await world.coordinator.expire()
    assert.throws(() => world.state, { errorName: 'TRANSACTIONAL_ID_NOT_FOUND' })
    await world.restart()
    assert.throws(() => world.state, { errorName: 'TRANSACTIONAL_ID_NOT_FOUND' })
    await rejects(world.add(producer), 'INVALID_PRODUCER_ID_MAPPING')
  })

  test('leaves no timer behind when it stops', async () => {
    const world = await start()
    const producer = await world.initialise()
    await world.add(producer)
    world.markerError = new KafkaError('KAFKA_STORAGE_ERROR')
    await world.end(producer)
    await turn()
    await world.coordinator.stop()
    assert.equal(world.time.size, 0)
    await rejects(world.initialise(), 'COORDINATOR_NOT_AVAILABLE')
  })
})
