import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { errorName, heartbeat, joinGroup, syncGroup } from '@ottla/protocol'
import { RawClient } from '../../../broker/src/testing/raw-client.ts'
import { type Ottla, startOttla } from '../index.ts'

const day = 86_400_000

async function valuesOf(ottla: Ottla, topic: string): Promise<(string | null)[]> {
  const values: (string | null)[] = []
  for await (const { value } of ottla.records(topic)) values.push(value)
  return values
}

/** A member that says nothing of itself. */
async function joinAlone(client: RawClient, sessionTimeoutMs: number): Promise<string> {
  const request = {
    groupId: 'g',
    sessionTimeoutMs,
    rebalanceTimeoutMs: sessionTimeoutMs,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
  }
  const { memberId } = await client.request(joinGroup, 5, { ...request, memberId: '' })
  const { generationId } = await client.request(joinGroup, 5, { ...request, memberId })
  await client.request(syncGroup, 3, { groupId: 'g', generationId, memberId, assignments: [] })
  return memberId
}

suite('clock', () => {
  test('begins with the real time and can be moved on, in all units', async () => {
    await using ottla = await startOttla()
    assert.ok(Math.abs(ottla.clock.now() - Date.now()) < 10_000)
    const before = ottla.clock.now()
    await ottla.clock.advance({ days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1 })
    assert.ok(ottla.clock.now() - before >= 90_061_001)
    await assert.rejects(ottla.clock.advance(-1), RangeError)
    await assert.rejects(ottla.clock.advance(Number.NaN), RangeError)
  })

  test('retention deletes when its time has come, and not before', async () => {
    await using ottla = await startOttla({
      topics: { orders: { configs: { 'retention.ms': String(7 * day) }, records: [{ value: 'old' }] } },
    })
    await ottla.clock.advance({ days: 6 })
    assert.deepEqual(await valuesOf(ottla, 'orders'), ['old'])
    await ottla.produce('orders', { value: 'new' })
    await ottla.clock.advance({ days: 2 })
    assert.deepEqual(await valuesOf(ottla, 'orders'), ['old', 'new'], 'one segment, kept for its newest record')
    await ottla.clock.advance({ days: 6 })
    assert.deepEqual(await valuesOf(ottla, 'orders'), [])
    assert.equal((await ottla.produce('orders', { value: 'next' }))[0]!.offset, 2)
  })

  test('compaction runs', async () => {
    await using ottla = await startOttla({
      topics: {
        prices: { configs: { 'cleanup.policy': 'compact', 'segment.ms': '1000', 'min.cleanable.dirty.ratio': '0' } },
      },
    })
    for (const value of ['1', '2', '3']) {
      await ottla.produce('prices', { key: 'mug', value })
      await ottla.clock.advance({ minutes: 1 })
    }
    await ottla.produce('prices', { key: 'plate', value: 'begins a new segment' })
    await ottla.clock.advance({ minutes: 1 })
    assert.deepEqual(await valuesOf(ottla, 'prices'), ['3', 'begins a new segment'])
  })

  test('a session times out when it is due, not because the time has jumped', async () => {
    await using ottla = await startOttla()
    const client = await RawClient.connect({ port: ottla.port })
    const memberId = await joinAlone(client, 60_000)
    const beat = async () =>
      errorName((await client.request(heartbeat, 4, { groupId: 'g', generationId: 1, memberId })).errorCode)
    for (let round = 0; round < 3; round++) {
      await ottla.clock.advance({ seconds: 40 })
      assert.equal(await beat(), 'NONE')
    }
    await ottla.clock.advance({ seconds: 70 })
    assert.equal(await beat(), 'UNKNOWN_MEMBER_ID')
    await client.close()
  })

  test('is set back by a reset', async () => {
    await using ottla = await startOttla()
    await ottla.clock.advance({ days: 100 })
    await ottla.reset()
    assert.ok(ottla.clock.now() - Date.now() < day)
  })
})
