/** The parts of a few lines each: waiting, sharing, limiting, naming. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coalesce, mapLimited } from './coalesce.ts'
import {
  deletedDirectoryName,
  parsePartitionDirectoryName,
  parseSegmentFileName,
  partitionDirectoryName,
  segmentFileName,
} from './file-names.ts'
import { Flusher } from './flusher.ts'
import { defaultLogConfig } from './log-config.ts'
import { OffsetWaiters } from './offset-waiters.ts'
import { countBeyondRetentionBytes, isTooOld } from './retention.ts'

test('waiters are called in order of their offsets, each once', () => {
  const waiters = new OffsetWaiters()
  const called: string[] = []
  for (const offset of [5, 7, 6, 7]) waiters.add(offset, error => called.push(`${offset}${error ? ' failed' : ''}`))
  waiters.advance(4)
  assert.deepEqual(called, [])
  waiters.advance(6)
  assert.deepEqual(called.splice(0), ['5', '6'])
  waiters.failAbove(7, new Error('x'))
  assert.equal(waiters.isEmpty, false)
  waiters.failAbove(6, new Error('x'))
  assert.deepEqual(called, ['7 failed', '7 failed'])
  assert.equal(waiters.isEmpty, true)
})

test('coalesced work runs again for those who asked after it had begun, once for all of them', async () => {
  const finish: (() => void)[] = []
  let runs = 0
  const run = coalesce(() => {
    runs++
    return new Promise(resolve => finish.push(resolve))
  })
  const first = run()
  const others = [run(), run(), run()]
  assert.equal(runs, 1)
  finish[0]!()
  await first
  await new Promise(setImmediate)
  assert.equal(runs, 2)
  finish[1]!()
  await Promise.all(others)
  assert.equal(runs, 2)
})

test('a failure of coalesced work is told to those who asked for that run only', async () => {
  let runs = 0
  const run = coalesce(async () => {
    runs++
    if (runs === 1) throw new Error('first')
  })
  const first = run()
  const second = run()
  await assert.rejects(first, /first/)
  await second
  assert.equal(runs, 2)
})

test('limited work keeps the order of results and the limit', async () => {
  let running = 0
  let most = 0
  const results = await mapLimited([5, 1, 4, 2, 3], 2, async item => {
    most = Math.max(most, ++running)
    for (let i = 0; i < item; i++) await new Promise(setImmediate)
    running--
    return item * 10
  })
  assert.deepEqual(results, [50, 10, 40, 20, 30])
  assert.equal(most, 2)
})

test('the flusher gives each log one turn at a time, and not more turns than allowed', async () => {
  const flusher = new Flusher({ maxRunning: 2 })
  let running = 0
  let most = 0
  const turns: number[] = []
  const logs = [0, 1, 2, 3].map(id => {
    let queued = 0
    let isRunning = false
    return {
      get hasQueued() {
        return queued > 0
      },
      add() {
        queued++
        flusher.schedule(this)
      },
      async storeQueued() {
        assert.equal(isRunning, false)
        isRunning = true
        most = Math.max(most, ++running)
        turns.push(queued)
        queued = 0
        await new Promise(setImmediate)
        if (turns.length === id + 1) this.add() // something new while the turn is under way
        await new Promise(setImmediate)
        running--
        isRunning = false
      },
    }
  })
  for (const log of logs) for (let i = 0; i < 3; i++) log.add()
  while (running > 0 || logs.some(log => log.hasQueued)) await new Promise(setImmediate)
  assert.equal(most, 2)
  assert.deepEqual(turns.slice(0, 4), [3, 3, 3, 3])
})

test('retention gives up whole segments from the front', () => {
  const config = { ...defaultLogConfig, retentionMs: 10, retentionBytes: -1 }
  assert.deepEqual(
    [20, 21].map(nowMs => isTooOld(10, config, nowMs)),
    [false, true],
  )
  assert.equal(isTooOld(10, { ...config, retentionMs: -1 }, 1000), false)
  assert.equal(isTooOld(10, { ...config, cleanupDelete: false }, 1000), false)
  const count = (retentionBytes: number, own = {}) =>
    countBeyondRetentionBytes([100, 100, 100, 100], { ...config, retentionBytes, ...own })
  assert.deepEqual(
    [-1, 400, 301, 300, 250, 200, 0].map(limit => count(limit)),
    [0, 0, 0, 1, 1, 2, 3],
  )
  assert.equal(count(0, { cleanupDelete: false }), 0)
})

test('names are those of Apache Kafka', () => {
  assert.equal(segmentFileName(42, 'timeindex'), '00000000000000000042.timeindex')
  assert.deepEqual(parseSegmentFileName('00000000000000000042.log'), { offset: 42, kind: 'log' })
  for (const name of ['42.log', '00000000000000000042.log.deleted', '99999999999999999999.log', 'x.log']) {
    assert.equal(parseSegmentFileName(name), null)
  }
  const parts = { topic: 'a-b-1', partition: 30 }
  assert.deepEqual(parsePartitionDirectoryName(partitionDirectoryName(parts)), parts)
  for (const name of ['orders', 'orders-', 'orders-01', 'orders-x', '-1'])
    assert.equal(parsePartitionDirectoryName(name), null)
  const deleted = deletedDirectoryName({ topic: 't'.repeat(249), partition: 7 }, 'a'.repeat(32))
  assert.equal(deleted.length, 255)
  assert.match(deleted, /^t+-7\.a{32}-delete$/)
})
