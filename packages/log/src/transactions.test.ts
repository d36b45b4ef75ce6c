import assert from 'node:assert/strict'
import { rm, unlink, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { buildEndTransactionMarker, buildRecordBatch } from '@ottla/protocol'
import fc from 'fast-check'
import { AbortedTransactions } from './aborted-transactions.ts'
import type { PartitionLog } from './partition-log.ts'
import { whenDurable } from './testing/batches.ts'
import { type LogFixture, logFixture } from './testing/log-fixture.ts'
import type { AbortedTransaction } from './transaction-index.ts'

interface Written {
  producerId?: number
  producerEpoch?: number
  baseSequence?: number
}

function dataOf({ producerId = 7, producerEpoch = 0, baseSequence = 0, transactional = true }) {
  const records = [{ timestamp: 1000, key: null, value: Buffer.from('v'), headers: [] }]
  return Buffer.from(
    buildRecordBatch({ baseOffset: 0, records, producerId, producerEpoch, baseSequence, transactional }),
  )
}

async function write(log: PartitionLog, batch: Written = {}): Promise<void> {
  const { nextOffset } = log.append(dataOf(batch), { origin: 'client' })
  await whenDurable(log, nextOffset)
}

function appendMarker(log: PartitionLog, options: { result: 'commit' | 'abort'; coordinatorEpoch?: number } & Written) {
  const { producerId = 7, producerEpoch = 0, coordinatorEpoch = 0, result } = options
  const marker = { baseOffset: 0, result, producerId, producerEpoch, coordinatorEpoch, timestamp: 2000 }
  return log.append(Buffer.from(buildEndTransactionMarker(marker)), { origin: 'coordinator' })
}

async function end(log: PartitionLog, options: Parameters<typeof appendMarker>[1]): Promise<void> {
  await whenDurable(log, appendMarker(log, options).nextOffset)
}

async function abortedIn(log: PartitionLog, fromOffset = log.logStartOffset, maxBytes = 1_000_000) {
  const read = await log.read({ fromOffset, maxBytes, minOneBatch: true, isolation: 'lastStableOffset' })
  return read.abortedTransactions!.map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
}

/** A crash: the marker of the clean stop is gone, and the checkpoint speaks of nothing. */
async function crash(fixture: LogFixture): Promise<void> {
  await fixture.directory.close()
  await unlink(`${fixture.path}/.kafka_cleanshutdown`)
  await rm(`${fixture.path}/recovery-point-offset-checkpoint`, { force: true })
  await fixture.reopen()
}

test('the last stable offset stays at the first open transaction', async t => {
  const { log } = await logFixture(t)
  await write(log, { producerId: 7 })
  assert.deepEqual([log.lastStableOffset, log.highWatermark], [0, 1])
  await write(log, { producerId: 8 })
  await end(log, { producerId: 7, result: 'commit' })
  assert.deepEqual([log.lastStableOffset, log.highWatermark], [1, 3])
  await end(log, { producerId: 8, result: 'abort' })
  assert.deepEqual([log.lastStableOffset, log.highWatermark], [4, 4])
})

test('a transaction is over only when its marker is durable', async t => {
  const { log } = await logFixture(t)
  await write(log)
  const { nextOffset } = appendMarker(log, { result: 'commit' })
  assert.equal(log.lastStableOffset, 0)
  await whenDurable(log, nextOffset)
  assert.equal(log.lastStableOffset, 2)
})

test('read_committed reads up to the last stable offset and is told what was aborted', async t => {
  const { log } = await logFixture(t)
  await write(log, { producerId: 7 }) // 0
  await write(log, { producerId: 8 }) // 1
  await end(log, { producerId: 7, result: 'abort' }) // 2
  await write(log, { producerId: 7, baseSequence: 1 }) // 3, open
  assert.deepEqual(await abortedIn(log), [{ producerId: 7, firstOffset: 0 }])
  await end(log, { producerId: 8, result: 'abort' }) // 4
  assert.equal(log.lastStableOffset, 3)
  assert.deepEqual(await abortedIn(log, 1), [
    { producerId: 7, firstOffset: 0 },
    { producerId: 8, firstOffset: 1 },
  ])
  const all = await log.read({ fromOffset: 0, maxBytes: 1e6, minOneBatch: true, isolation: 'highWatermark' })
  assert.equal(all.abortedTransactions, undefined)
})

test('a marker of a transaction without records changes nothing', async t => {
  const { log } = await logFixture(t)
  await write(log, { producerId: 8 })
  await end(log, { producerId: 8, result: 'commit' })
  await end(log, { producerId: 7, result: 'abort' })
  assert.equal(log.lastStableOffset, 3)
  assert.deepEqual(await abortedIn(log), [])
})

test('refuses a batch outside of the open transaction, and markers of the past', async t => {
  const { log } = await logFixture(t)
  await write(log)
  assert.throws(() => log.append(dataOf({ baseSequence: 1, transactional: false }), { origin: 'client' }), {
    errorName: 'INVALID_TXN_STATE',
  })
  await end(log, { result: 'commit', producerEpoch: 1, coordinatorEpoch: 5 })
  assert.throws(() => appendMarker(log, { result: 'abort', producerEpoch: 1, coordinatorEpoch: 4 }), {
    errorName: 'TRANSACTION_COORDINATOR_FENCED',
  })
  assert.throws(() => appendMarker(log, { result: 'abort', producerEpoch: 0, coordinatorEpoch: 5 }), {
    errorName: 'INVALID_PRODUCER_EPOCH',
  })
  // The marker has raised the epoch: what comes late belongs to a transaction that is over (KIP-890).
  assert.throws(() => log.append(dataOf({ baseSequence: 1 }), { origin: 'client' }), {
    errorName: 'INVALID_PRODUCER_EPOCH',
  })
  await write(log, { producerEpoch: 1 })
})

const restarts: [string, (fixture: LogFixture) => Promise<void>][] = [
  ['a clean stop', fixture => fixture.reopen()],
  ['a crash', crash],
  [
    'damage to the transaction indexes',
    async fixture => {
      await fixture.directory.close()
      await writeFile(`${fixture.path}/orders-0/00000000000000000000.txnindex`, Buffer.alloc(33))
      await fixture.reopen()
    },
  ],
]

for (const [name, restart] of restarts) {
  test(`open and aborted transactions are known again after ${name}`, async t => {
    const fixture = await logFixture(t, { config: { segmentBytes: 200 } })
    await write(fixture.log, { producerId: 7 })
    await end(fixture.log, { producerId: 7, result: 'abort' })
    for (let i = 0; i < 8; i++) await write(fixture.log, { producerId: 8, baseSequence: i })
    await end(fixture.log, { producerId: 8, result: 'abort' })
    await write(fixture.log, { producerId: 9 })
    const known = async ({ log }: LogFixture) => [
      ...(await Promise.all([0, 1, 2, 5, 10].map(offset => abortedIn(log, offset, 1)))),
      log.lastStableOffset,
    ]
    const [first, eighth] = [
      { producerId: 7, firstOffset: 0 },
      { producerId: 8, firstOffset: 2 },
    ]
    const expected = [[first], [first], [eighth], [eighth], [eighth], 11]
    assert.deepEqual(await known(fixture), expected)
    assert.ok(fixture.log.segmentCount > 3)
    await restart(fixture)
    assert.deepEqual(await known(fixture), expected)
    const { log } = fixture
    await end(log, { producerId: 9, result: 'commit' })
    assert.equal(log.lastStableOffset, log.highWatermark)
  })
}

test('finds the aborted transactions of any range', () => {
  // Transactions of several producers, one after the other for each; `ends` says which open one ends with the next offset.
  const step = fc.record({ producerId: fc.nat(3), aborts: fc.boolean(), ends: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), fc.nat(40), (steps, a, b) => {
      const open = new Map<number, number>()
      const aborted = new AbortedTransactions()
      const all: AbortedTransaction[] = []
      steps.forEach(({ producerId, aborts, ends }, offset) => {
        const firstOffset = open.get(producerId)
        if (firstOffset === undefined) open.set(producerId, offset)
        if (firstOffset === undefined || !ends) return
        open.delete(producerId)
        const lastStableOffset = Math.min(offset + 1, ...open.values())
        const entry = { producerId, firstOffset, lastOffset: offset, lastStableOffset }
        if (!aborts) return
        all.push(entry)
        aborted.add(entry)
        aborted.add(entry)
      })
      const [from, to] = [Math.min(a, b), Math.max(a, b) + 1]
      const expected = all.filter(({ firstOffset, lastOffset }) => lastOffset >= from && firstOffset < to)
      assert.deepEqual(aborted.overlapping(from, to), expected)
    }),
  )
})
