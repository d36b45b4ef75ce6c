/** Apache Kafka's DumpLogSegments reads what our log has written, and finds nothing wrong with it. */

import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { defaultLogConfig, LogDirectory } from '@ottla/log'
import { buildRecordBatch } from '@ottla/protocol'
import { whyNoApacheKafka } from '../apache-kafka/installation.ts'
import { runTool } from '../apache-kafka/tools.ts'

const config = {
  ...defaultLogConfig,
  segmentBytes: 60_000,
  indexIntervalBytes: 1000,
  messageTimestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
}
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const ignore = () => undefined
const logger = { debug: ignore, info: ignore, warn: ignore, error: console.error }

/** Appends batches in every codec, from an idempotent producer and from one that is not. Returns the number of records. */
async function fill(directory: LogDirectory, { from, to }: { from: number; to: number }): Promise<number> {
  const log = directory.get('orders', 0)!
  const baseTimestamp = 1_700_000_000_000
  for (let i = from; i < to; i++) {
    const records = Array.from({ length: 1 + (i % 4) }, (_, j) => ({
      // Now and then time goes back.
      timestamp: baseTimestamp + i * 1000 - (i % 7 === 0 ? 5000 : 0) + j,
      key: j % 2 === 0 ? Buffer.from(`key-${i}-${j}`) : null,
      value: j === 3 ? null : Buffer.from(`value-${i}-${j}-`.repeat(60)),
      headers: [{ key: 'trace', value: j % 2 === 0 ? Buffer.from('t') : null }],
    }))
    const producer = i % 3 === 0 ? {} : { producerId: 1000 + i, producerEpoch: 0, baseSequence: 0 }
    const batch = buildRecordBatch({ baseOffset: 0, records, compression: codecs[i % codecs.length]!, ...producer })
    log.append(Buffer.from(batch), { origin: 'client' })
    if (i % 10 === 0) await log.flush()
  }
  await log.flush()
  return log.logEndOffset
}

test('Apache Kafka reads our log and finds nothing wrong', { skip: await whyNoApacheKafka() }, async t => {
  const root = await mkdtemp(join(tmpdir(), 'ottla-dump-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  let path = join(root, 'data')
  let directory = await LogDirectory.open({ path, logger, defaultConfig: config })
  await directory.create({ topic: 'orders', partition: 0, topicId: 'CFnEgMcJSKCPjKuLDroeKQ', config })
  await fill(directory, { from: 0, to: 150 })
  await directory.close()
  // Once more after a clean stop, and after a kill: indexes go on, and are rebuilt.
  directory = await LogDirectory.open({ path, logger, defaultConfig: config })
  await fill(directory, { from: 150, to: 200 })
  const killed = join(root, 'killed')
  await cp(path, killed, { recursive: true, filter: source => !source.endsWith('.lock') })
  await directory.close()
  path = killed
  directory = await LogDirectory.open({ path, logger, defaultConfig: config })
  const recordCount = await fill(directory, { from: 200, to: 300 })
  await directory.close()

  const partition = join(path, 'orders-0')
  const names = (await readdir(partition)).sort()
  const files = (...suffixes: string[]) =>
    names.filter(name => suffixes.some(suffix => name.endsWith(suffix))).map(name => join(partition, name))
  assert.ok(files('.log').length > 2)
  assert.equal(files('.index').length, files('.log').length)
  assert.equal(files('.timeindex').length, files('.log').length)

  const dump = await runTool('dump-log', ['--deep-iteration', '--files', files('.log', '.snapshot').join(',')])
  const lines = dump.split('\n')
  assert.equal(lines.filter(line => line.startsWith('| offset: ')).length, recordCount)
  assert.equal(lines.filter(line => line.includes('isvalid: true')).length, 300)
  for (const codec of codecs) assert.ok(dump.includes(`compresscodec: ${codec}`), codec)
  assert.doesNotMatch(dump, /isvalid: false|Found|Mismatch|corrupt|Exception/i)
  // The tool counts from -1 in every file, and so reports where each segment begins, Apache Kafka's own too.
  const gaps = dump.match(/-?\d+ is followed by \d+/g) ?? []
  assert.deepEqual(
    gaps.filter(gap => !gap.startsWith('-1 ')),
    [],
  )
  assert.ok(lines.some(line => line.startsWith('producerId: 1298 producerEpoch: 0')))

  const indexes = files('.index', '.timeindex').join(',')
  const sanity = await runTool('dump-log', ['--index-sanity-check', '--files', indexes])
  assert.equal(sanity.match(/passed sanity check/g)?.length, files('.index', '.timeindex').length)
  for (const options of [['--verify-index-only'], []]) {
    const verified = await runTool('dump-log', [...options, '--files', indexes])
    assert.doesNotMatch(verified, /mismatch|out of order|not found|Exception/i)
  }
})

test('Apache Kafka reads a compacted log and finds nothing wrong', { skip: await whyNoApacheKafka() }, async t => {
  const root = await mkdtemp(join(tmpdir(), 'ottla-dump-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const path = join(root, 'data')
  const compacted = {
    ...config,
    cleanupCompact: true,
    cleanupDelete: false,
    segmentBytes: 8000,
    minCleanableDirtyRatio: 0,
  }
  const directory = await LogDirectory.open({ path, logger, defaultConfig: compacted, cleaner: { isEnabled: false } })
  const log = await directory.create({
    topic: 'orders',
    partition: 0,
    topicId: 'CFnEgMcJSKCPjKuLDroeKQ',
    config: compacted,
  })
  for (let i = 0; i < 200; i++) {
    const records = Array.from({ length: 1 + (i % 4) }, (_, j) => ({
      timestamp: 1_700_000_000_000 + i,
      key: Buffer.from(i === 5 ? 'deleted' : `key-${(i * 7 + j) % 23}`),
      value: i % 5 === 0 ? null : Buffer.from(`value-${i}-${j}-`.repeat(20)),
      headers: [{ key: 'trace', value: null }],
    }))
    const producer = i % 3 === 0 ? {} : { producerId: 1000 + (i % 8), producerEpoch: i, baseSequence: 0 }
    const batch = buildRecordBatch({ baseOffset: 0, records, compression: codecs[i % codecs.length]!, ...producer })
    log.append(Buffer.from(batch), { origin: 'client' })
    if (i % 10 === 0) await log.flush()
    if (i % 60 === 59) await directory.compact()
  }
  await log.flush()
  await directory.compact()
  const segmentsBefore = log.segmentCount
  await directory.close()
  const partition = join(path, 'orders-0')
  const names = (await readdir(partition)).sort().map(name => join(partition, name))
  const files = (suffix: string) => names.filter(name => name.endsWith(suffix))
  assert.equal(files('.log').length, segmentsBefore)

  const dump = await runTool('dump-log', ['--deep-iteration', '--files', files('.log').join(',')])
  assert.match(dump, /deleteHorizonMs: OptionalLong\[\d+\]/)
  assert.doesNotMatch(dump, /isvalid: false|Found|Mismatch|corrupt|Exception/i)
  assert.ok(dump.split('\n').filter(line => line.startsWith('| offset: ')).length < 300)
  const verified = await runTool('dump-log', ['--files', [...files('.index'), ...files('.timeindex')].join(',')])
  assert.doesNotMatch(verified, /mismatch|out of order|not found|Exception/i)
})
