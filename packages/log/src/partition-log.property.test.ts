/** Random histories of appends, reads, rolls, deletions, stops and kills, compared with an array. */

import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { defaultLogConfig } from './log-config.ts'
import { LogDirectory } from './log-directory.ts'
import { appendDurably, readBatches, readValues } from './testing/batches.ts'
import { topicId } from './testing/log-fixture.ts'
import { RecordingLogger } from './testing/recording-logger.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'

type Step =
  | { kind: 'append'; sizes: number[]; timestamp: number }
  | { kind: 'read'; at: number; maxBytes: number }
  | { kind: 'time'; timestamp: number }
  | { kind: 'deleteRecords'; at: number }
  | { kind: 'stop' }
  | { kind: 'kill' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      sizes: fc.array(fc.nat(400), { minLength: 1, maxLength: 5 }),
      timestamp: fc.integer({ min: 1, max: 1000 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), at: fc.nat(), maxBytes: fc.nat(2000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time' as const), timestamp: fc.nat(1100) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('deleteRecords' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'stop' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill' as const }) },
)

test('a log is an array of records that survives stops and kills', async t => {
  const root = await temporaryDirectory(t)
  let runs = 0
  const config = {
    ...defaultLogConfig,
    segmentBytes: 2500,
    indexIntervalBytes: 300,
    messageTimestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
  }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async steps => {
      let path = `${root}/${runs++}`
      const open = () =>
        LogDirectory.open({ path, logger: new RecordingLogger(), defaultConfig: config, tailCacheBytes: 20_000 })
      let directory = await open()
      let log = await directory.create({ topic: 'orders', partition: 0, topicId, config })
      const model: { value: string; timestamp: number }[] = []
      let logStart = 0
      let sequence = 0
      for (const step of steps) {
        if (step.kind === 'append') {
          const values = step.sizes.map((size, i) => `${model.length + i}-${'x'.repeat(size)}`)
          const producer = { producerId: 1, producerEpoch: 0, baseSequence: sequence }
          const baseOffset = await appendDurably(log, { values, timestamp: step.timestamp, ...producer })
          assert.equal(baseOffset, model.length)
          sequence += values.length
          model.push(...values.map(value => ({ value, timestamp: step.timestamp })))
        } else if (step.kind === 'read') {
          const fromOffset = logStart + (step.at % (model.length - logStart + 1))
          const batches = await readBatches(log, { fromOffset, maxBytes: step.maxBytes })
          if (fromOffset === model.length) assert.equal(batches.length, 0)
          else assert.ok(batches[0]!.baseOffset <= fromOffset && batches[0]!.nextOffset > fromOffset)
          const sizeInBytes = batches.reduce((sum, batch) => sum + batch.sizeInBytes, 0)
          assert.ok(sizeInBytes <= step.maxBytes || batches.length === 1)
        } else if (step.kind === 'time') {
          const found = await log.offsetForTimestamp(step.timestamp)
          const expected = model.findIndex(({ timestamp }, offset) => offset >= logStart && timestamp >= step.timestamp)
          assert.equal(found?.offset ?? -1, expected)
        } else if (step.kind === 'deleteRecords') {
          logStart += step.at % (model.length - logStart + 1)
          assert.equal(await log.deleteRecordsBefore(logStart), logStart)
        } else {
          if (step.kind === 'kill') {
            const copy = `${root}/${runs++}`
            await cp(path, copy, { recursive: true, filter: source => !source.endsWith('.lock') })
            await directory.close()
            await rm(path, { recursive: true })
            path = copy
          } else {
            await directory.close()
          }
          directory = await open()
          log = directory.get('orders', 0)!
        }
        assert.deepEqual([log.logStartOffset, log.logEndOffset], [logStart, model.length])
      }
      const expected = model.map(({ value }, offset) => `${offset}:${value}`).slice(logStart)
      assert.deepEqual(await readValues(log), expected)
      assert.deepEqual(await readValues(log, logStart, 10), expected)
      await directory.close()
      await rm(path, { recursive: true })
    }),
    { numRuns: 40 },
  )
})
