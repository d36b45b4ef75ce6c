import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConcurrencyLimit } from './concurrency-limit.ts'

test('runs so many at a time, in their order, and goes on after one has failed', async () => {
  const limit = new ConcurrencyLimit({ maxRunning: 2 })
  const begun: number[] = []
  const ends: PromiseWithResolvers<void>[] = []
  const all = Array.from({ length: 5 }, (_, i) =>
    limit.run(async () => {
      begun.push(i)
      ends[i] = Promise.withResolvers()
      await ends[i].promise
    }),
  )
  const turn = () => new Promise(resolve => setImmediate(resolve))
  await turn()
  assert.deepEqual(begun, [0, 1])
  ends[1]!.reject(new Error('a failure'))
  await assert.rejects(all[1]!, /a failure/)
  await turn()
  assert.deepEqual(begun, [0, 1, 2])
  ends[0]!.resolve()
  ends[2]!.resolve()
  await turn()
  assert.deepEqual(begun, [0, 1, 2, 3, 4])
  for (const { resolve } of ends) resolve()
  await Promise.allSettled(all)
  await limit.run(async () => begun.push(5))
  assert.equal(begun.at(-1), 5)
})
