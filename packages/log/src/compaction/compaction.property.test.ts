/** Random histories of a compacted log, stops and kills included, against a model: for each key what its last record says. */

import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
import { test } from 'node:test'
import { buildRecordBatch, type Compression } from '@ottla/protocol'
import fc from 'fast-check'
import { nodeFileSystem as fileSystem } from '../file-system/node-file-system.ts'
import { defaultLogConfig } from '../log-config.ts'
import { LogDirectory } from '../log-directory.ts'
import type { PartitionLog } from '../partition-log.ts'
import { readBatches, whenDurable } from '../testing/batches.ts'
import { topicId } from '../testing/log-fixture.ts'
import { RecordingLogger } from '../testing/recording-logger.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'

const codecs: Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const deleteRetentionMs = 1000

interface Entry {
  offset: number
  key: string
  value: string | null
}

const record = fc.record({ key: fc.nat(12), size: fc.nat(60), isTombstone: fc.boolean() })
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      records: fc.array(record, { minLength: 1, maxLength: 5 }),
      codec: fc.constantFrom(...codecs),
      producer: fc.nat(2),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('compact' as const), passedMs: fc.constantFrom(0, 10, 2000) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'stop' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill' as const }) },
)

test('compaction keeps the last record of each key, every offset, and what producers need', async t => {
  const root = await temporaryDirectory(t)
  let runs = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 8, maxLength: 50 }),
      fc.constantFrom(48, 240, 10_000),
      async (steps, mapBytes) => {
        const config = {
          ...defaultLogConfig,
          cleanupCompact: true,
          cleanupDelete: false,
          deleteRetentionMs,
          minCleanableDirtyRatio: 0.2,
          segmentBytes: 900,
          indexIntervalBytes: 100,
        }
        const clock = { nowMs: 1_000_000, now: () => clock.nowMs }
        const logger = new RecordingLogger()
        let path = `${root}/${runs++}`
        const cleaner = { isEnabled: false, dedupeBufferBytes: mapBytes }
        const open = () =>
          LogDirectory.open({ path, logger, clock, defaultConfig: config, tailCacheBytes: 2000, cleaner, fileSystem })
        let directory = await open()
        let log = await directory.create({ topic: 'orders', partition: 0, topicId, config })
        const model: Entry[] = []
        const sequences = [0, 0, 0]
        for (const step of steps) {
          if (step.kind === 'append') {
            const { codec, producer } = step
            const entries = step.records.map(({ key, size, isTombstone }, i): Entry => {
              const offset = model.length + i
              return { offset, key: `key-${key}`, value: isTombstone ? null : `${offset}-${'x'.repeat(size)}` }
            })
            const records = entries.map(({ key, value }) => ({
              timestamp: clock.nowMs,
              key: Buffer.from(key),
              value: value === null ? null : Buffer.from(value),
              headers: [{ key: 'trace', value: Buffer.from(key) }],
            }))
            // Producer 0 is not idempotent.
            const id =
              producer === 0 ? {} : { producerId: producer, producerEpoch: 0, baseSequence: sequences[producer]! }
            const batch = Buffer.from(buildRecordBatch({ baseOffset: 0, records, compression: codec, ...id }))
            const { baseOffset, nextOffset } = log.append(batch, { origin: 'client' })
            assert.equal(baseOffset, model.length)
            sequences[producer]! += records.length
            model.push(...entries)
            await whenDurable(log, nextOffset)
          } else if (step.kind === 'compact') {
            clock.nowMs += step.passedMs
            await directory.compact()
            assert.deepEqual(
              logger.lines.filter(line => line.level === 'error'),
              [],
            )
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
          assert.equal(log.logEndOffset, model.length)
          await compare(log, model)
        }
        await directory.close()
        await rm(path, { recursive: true })
      },
    ),
    { numRuns: 40 },
  )
})

async function compare(log: PartitionLog, model: readonly Entry[]): Promise<void> {
  const found = await readAll(log)
  for (const entry of found) assert.deepEqual(entry, model[entry.offset], 'a record is what was written at its offset')
  const activeBase = log.segments.at(-1)!.baseOffset
  const offsets = new Set(found.map(entry => entry.offset))
  for (let offset = activeBase; offset < model.length; offset++)
    assert.ok(offsets.has(offset), 'the active segment is whole')
  const last = new Map(model.map(entry => [entry.key, entry]))
  const seen = new Map(found.map(entry => [entry.key, entry]))
  for (const [key, entry] of last) {
    if (entry.value !== null) assert.deepEqual(seen.get(key), entry)
    // A tombstone may be gone, with all that it deleted; it is never outlived by what it deleted.
    else assert.equal(seen.get(key)?.value ?? null, null)
  }
  // From wherever one begins to read: the next record that is left.
  for (let offset = 0; offset < model.length; offset += 7) {
    const [first] = await readAll(log, offset)
    assert.deepEqual(
      first,
      found.find(entry => entry.offset >= offset),
    )
  }
}

async function readAll(log: PartitionLog, fromOffset = 0): Promise<Entry[]> {
  const found: Entry[] = []
  for (let offset = fromOffset; offset < log.highWatermark; ) {
    const batches = await readBatches(log, { fromOffset: offset, maxBytes: 500 })
    assert.ok(batches.length > 0, `nothing at ${offset}`)
    for (const batch of batches) {
      assert.ok(batch.isCrcValid() && batch.nextOffset > offset)
      for (const { offset: at, key, value, headers } of batch.records({ maxDecompressedBytes: 10_000 })) {
        assert.equal(String(headers[0]?.value), String(key))
        if (at >= fromOffset) found.push({ offset: at, key: String(key), value: value === null ? null : String(value) })
      }
      offset = batch.nextOffset
    }
  }
  return found
}
