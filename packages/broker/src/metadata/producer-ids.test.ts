import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProducerIds } from './producer-ids.ts'

function idsOf() {
  const taken: number[] = []
  let next = 0
  const takeProducerIds = async (count: number) => {
    const first = next
    next += count
    taken.push(first)
    return { first, end: next }
  }
  return { taken, ids: new ProducerIds({ takeProducerIds }) }
}

test('takes a block before its first id, and the next one when that is used up', async () => {
  const { taken, ids } = idsOf()
  assert.deepEqual(taken, [])
  for (let expected = 0; expected < 1_000; expected++) assert.equal(await ids.next(), expected)
  assert.deepEqual(taken, [0])
  assert.equal(await ids.next(), 1_000)
  assert.deepEqual(taken, [0, 1_000])
})

test('many who ask at the same time share one block', async () => {
  const { taken, ids } = idsOf()
  const given = await Promise.all(Array.from({ length: 500 }, () => ids.next()))
  assert.equal(new Set(given).size, 500)
  assert.deepEqual(taken, [0])
})

test('asks again after a block could not be taken', async () => {
  let isBroken = true
  const ids = new ProducerIds({
    takeProducerIds: async () => {
      if (isBroken) throw new Error('disk full')
      return { first: 0, end: 10 }
    },
  })
  await assert.rejects(ids.next(), /disk full/)
  isBroken = false
  assert.equal(await ids.next(), 0)
})
