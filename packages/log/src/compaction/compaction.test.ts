/** Compaction of a log as its readers see it. */

import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { buildEndTransactionMarker, buildRecordBatch, RecordBatch } from '@ottla/protocol'
import type { LogConfig } from '../log-config.ts'
import { LogReader } from '../log-reader.ts'
import type { PartitionLog } from '../partition-log.ts'
import { appendDurably, readBatches } from '../testing/batches.ts'
import { type LogFixtureOptions, logFixture } from '../testing/log-fixture.ts'

const day = 86_400_000

/** A compacted topic whose segments hold about three records; nothing happens by itself. */
function compactedLog(t: Parameters<typeof logFixture>[0], own: Partial<LogConfig> = {}, more: LogFixtureOptions = {}) {
  const clock = { nowMs: 10 * day, now: () => clock.nowMs }
  const config = { cleanupCompact: true, cleanupDelete: false, segmentBytes: 300, minCleanableDirtyRatio: 0, ...own }
  return logFixture(t, { clock, cleaner: { isEnabled: false }, ...more, config }).then(fixture => ({
    ...fixture,
    fixture,
    clock,
  }))
}

async function put(log: PartitionLog, key: string, value: string | null, more: object = {}): Promise<void> {
  await appendDurably(log, { keys: [key], values: [value], ...more })
}

async function content(log: PartitionLog): Promise<string[]> {
  const found: string[] = []
  for (let offset = log.logStartOffset; offset < log.highWatermark; ) {
    for (const batch of await readBatches(log, { fromOffset: offset, maxBytes: 200 })) {
      assert.ok(batch.isCrcValid())
      for (const { offset: at, key, value } of batch.records({ maxDecompressedBytes: 10_000 })) {
        found.push(`${at}:${key}=${value}`)
      }
      offset = batch.nextOffset
    }
  }
  return found
}

test('keeps the last record of each key, at its offset; the active segment stays as it is', async t => {
  const { log, directory, fixture, path } = await compactedLog(t)
  for (let i = 0; i < 10; i++) for (const key of ['a', 'b', 'c']) await put(log, key, `${key}${i}`)
  const endOffset = log.logEndOffset
  const activeBase = log.segments.at(-1)!.baseOffset
  log.updateConfig({ ...log.config, segmentBytes: 10_000 })
  await directory.compact()
  const expected = Array.from({ length: endOffset - activeBase + 3 }, (_, i) => activeBase - 3 + i).map(
    offset => `${offset}:${'abc'[offset % 3]}=${'abc'[offset % 3]}${Math.floor(offset / 3)}`,
  )
  assert.deepEqual(await content(log), expected)
  assert.equal(log.logEndOffset, endOffset)
  assert.equal(log.segmentCount, 2)
  assert.equal(await readFile(`${path}/cleaner-offset-checkpoint`, 'utf8'), `0\n1\norders 0 ${activeBase}\n`)
  await fixture.reopen()
  assert.deepEqual(await content(fixture.log), expected)
  await put(fixture.log, 'a', 'more')
  assert.equal(fixture.log.logEndOffset, endOffset + 1)
})

test('no answer consists of empty batches alone while there are records behind them: kafkajs would never get past it', async t => {
  const { log, directory } = await compactedLog(t)
  for (let i = 0; i < 30; i++) await put(log, 'key', `value ${i}`)
  await directory.compact()
  for (let fromOffset = 0; fromOffset < log.highWatermark; fromOffset++) {
    const batches = await readBatches(log, { fromOffset, maxBytes: 1 })
    assert.ok(
      batches.some(({ recordCount }) => recordCount > 0),
      `from ${fromOffset}`,
    )
  }
  // Where nothing else is left they are answered: other clients get past them.
  const first = { fromOffset: 0, endOffset: log.highWatermark, maxBytes: 1, minOneBatch: true }
  const [alone] = await new LogReader().read(log.segments.slice(0, 1), first)
  assert.equal(new RecordBatch(alone!).recordCount, 0)
})

test('a thread of its own does the same', async t => {
  const { log, directory, path } = await compactedLog(t, {}, {})
  for (let i = 0; i < 30; i++) await put(log, 'k', `${i}`)
  await directory.compact()
  assert.ok((await content(log)).length < 7)
  const names = await readdir(`${path}/orders-0`)
  assert.deepEqual(
    names.filter(name => /cleaned|swap/.test(name)),
    [],
  )
})

test('a tombstone stays for delete.retention.ms after it was first compacted, then goes', async t => {
  const { log, directory, clock } = await compactedLog(t, { deleteRetentionMs: day })
  const more = async () => {
    for (let i = 0; i < 6; i++) await put(log, 'other', `${i}`)
    await directory.compact()
    return (await content(log)).filter(line => line.includes(':gone='))
  }
  await put(log, 'gone', 'value')
  await put(log, 'gone', null)
  assert.deepEqual(await more(), ['1:gone=null'])
  const [batch] = await readBatches(log)
  assert.ok(batch?.hasDeleteHorizon)
  assert.equal(batch.baseTimestamp, 11 * day)
  clock.nowMs = 11 * day - 1
  assert.deepEqual(await more(), ['1:gone=null'])
  clock.nowMs = 11 * day
  assert.deepEqual(await more(), [])
})

test('an aborted record goes and never counts as the newest, wherever the marker stands', async t => {
  const { log, directory, clock } = await compactedLog(t, { deleteRetentionMs: day })
  const producer = { producerId: 7, producerEpoch: 0 }
  const transaction = async (
    baseSequence: number,
    value: string,
    result: 'abort' | 'commit',
    between: () => Promise<void>,
  ) => {
    const records = [{ timestamp: 1000, key: Buffer.from('k'), value: Buffer.from(value), headers: [] }]
    log.append(buildRecordBatch({ baseOffset: 0, records, transactional: true, baseSequence, ...producer }), {
      origin: 'client',
    })
    await between()
    const marker = { baseOffset: 0, result, coordinatorEpoch: 0, timestamp: 1000, ...producer }
    log.append(buildEndTransactionMarker(marker), { origin: 'coordinator' })
    await log.flush()
  }
  const others = async () => {
    for (let i = 0; i < 8; i++) await put(log, 'other', `${i}`)
  }
  await transaction(0, 'committed', 'commit', async () => undefined)
  await transaction(1, 'aborted', 'abort', others)
  assert.ok(log.segments.at(-1)!.baseOffset > 3, 'the marker stands in the active segment')
  await directory.compact()
  const data = async () => (await content(log)).filter(line => line.includes(':k='))
  assert.deepEqual(await data(), ['0:k=committed'])
  await others()
  await directory.compact()
  clock.nowMs += 2 * day
  await others()
  await directory.compact()
  await others()
  await directory.compact()
  assert.deepEqual(await data(), ['0:k=committed'])
})
