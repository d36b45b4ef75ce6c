import assert from 'node:assert/strict'
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { recordBatchSizeInBytes } from './batch-scan.ts'
import { defaultLogConfig, type LogConfig } from './log-config.ts'
import { LogDirectory } from './log-directory.ts'
import type { PartitionLog } from './partition-log.ts'
import { appendDurably, batchOf, readValues } from './testing/batches.ts'
import { faultyFileSystem } from './testing/faulty-file-system.ts'
import { topicId } from './testing/log-fixture.ts'
import { RecordingLogger } from './testing/recording-logger.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'

const config: LogConfig = { ...defaultLogConfig, messageTimestampAfterMaxMs: Number.MAX_SAFE_INTEGER }
const firstLog = 'orders-0/00000000000000000000.log'

interface Crashed {
  /** What a killed process left behind. */
  path: string
  /** What it held, in offsets and values. */
  values: string[]
  positions: number[]
  sizeInBytes: number
}

/** Writes batches, and copies the directory while it is open: what is found after a kill. */
async function crashed(test: TestContext, { count = 8, own = {} as Partial<LogConfig> } = {}): Promise<Crashed> {
  const root = await temporaryDirectory(test)
  const directory = await LogDirectory.open({ path: `${root}/live`, logger: new RecordingLogger() })
  const log = await directory.create({ topic: 'orders', partition: 0, topicId, config: { ...config, ...own } })
  for (let i = 0; i < count; i++) {
    const producer = { producerId: 5, producerEpoch: 0, baseSequence: i * 2 }
    await appendDurably(log, { values: [`a${i}`, 'b'.repeat(i * 3)], ...producer })
  }
  const values = await readValues(log)
  const path = `${root}/crashed`
  await cp(`${root}/live`, path, { recursive: true })
  await rm(`${path}/.lock`)
  await directory.close()
  const content = await readFile(`${path}/${firstLog}`)
  const positions: number[] = []
  for (let at = 0; at < content.length; at += recordBatchSizeInBytes(content, at)) positions.push(at)
  return { path, values, positions, sizeInBytes: content.length }
}

interface Opened {
  log: PartitionLog
  logger: RecordingLogger
  directory: LogDirectory
}

async function withOpen(
  path: string,
  work: (opened: Opened) => Promise<void>,
  { hasLostPower = false, own = {} as Partial<LogConfig> } = {},
): Promise<void> {
  const logger = new RecordingLogger()
  const fileSystem = faultyFileSystem()
  if (hasLostPower) fileSystem.bootIdNow = 'another boot'
  const directory = await LogDirectory.open({ path, logger, fileSystem, defaultConfig: { ...config, ...own } })
  try {
    await work({ directory, logger, log: directory.get('orders', 0)! })
  } finally {
    await directory.close()
  }
}

async function modify(path: string, change: (content: Buffer) => Buffer): Promise<void> {
  await writeFile(path, change(await readFile(path)))
}

test('after a kill everything acknowledged is there, and the leader epoch is a new one', async t => {
  const { path, values } = await crashed(t)
  await withOpen(path, async ({ log, directory }) => {
    assert.equal(directory.wasCleanStop, false)
    assert.deepEqual(await readValues(log), values)
    assert.equal(log.leaderEpoch, 1)
    await appendDurably(log, { values: ['after'] })
    assert.deepEqual(log.endOffsetForEpoch(0), { leaderEpoch: 0, endOffset: 16 })
    assert.deepEqual(log.endOffsetForEpoch(1), { leaderEpoch: 1, endOffset: 17 })
  })
  await withOpen(path, async ({ log, directory }) => {
    assert.equal(directory.wasCleanStop, true)
    assert.equal(log.leaderEpoch, 1)
    assert.deepEqual(log.endOffsetForEpoch(0), { leaderEpoch: 0, endOffset: 16 })
  })
})

test('the leader epoch never goes back, although nothing was appended in it', async t => {
  const { path } = await crashed(t)
  const seen: number[] = []
  for (let start = 0; start < 3; start++) await withOpen(path, async ({ log }) => void seen.push(log.leaderEpoch))
  assert.deepEqual(seen, [1, 1, 1])
})

test('cuts a torn tail, at every byte of the last three batches, and says so to the byte', async t => {
  const { path, values, positions, sizeInBytes } = await crashed(t)
  const copy = `${path}-copy`
  for (let size = positions.at(-3)!; size < sizeInBytes; size++) {
    await rm(copy, { recursive: true, force: true })
    await cp(path, copy, { recursive: true })
    await truncate(`${copy}/${firstLog}`, size)
    const whole = positions.filter((_, i) => (positions[i + 1] ?? sizeInBytes) <= size).length
    const kept = positions[whole]!
    await withOpen(copy, async ({ log, logger }) => {
      assert.deepEqual(await readValues(log), values.slice(0, whole * 2), `cut at ${size}`)
      const warning = logger.lines.find(line => line.fields.bytes !== undefined)
      assert.equal(warning?.fields.bytes, size === kept ? undefined : size - kept)
      assert.equal((await stat(`${copy}/${firstLog}`)).size, kept)
      const [producer] = log.activeProducers()
      assert.equal(producer?.batches.at(-1)?.lastSequence, whole * 2 - 1)
      await appendDurably(log, { producerId: 5, producerEpoch: 0, baseSequence: whole * 2 })
    })
  }
})

test('cuts zeroes and garbage at the end', async t => {
  const { path, values, sizeInBytes } = await crashed(t)
  for (const tail of [Buffer.alloc(1), Buffer.alloc(5000), Buffer.alloc(3000, 2), Buffer.alloc(64, 0xff)]) {
    await modify(`${path}/${firstLog}`, content => Buffer.concat([content, tail]))
    await rm(`${path}/.kafka_cleanshutdown`, { force: true })
    await withOpen(path, async ({ log, logger }) => {
      assert.deepEqual(await readValues(log), values)
      assert.equal(logger.lines.find(line => line.fields.bytes)?.fields.position, sizeInBytes)
    })
  }
})

test('any byte changed before the last batch takes the partition offline and leaves the file as it is', async t => {
  const { path, positions } = await crashed(t, { count: 4 })
  const original = await readFile(`${path}/${firstLog}`)
  const leaderEpochBytes = [12, 13, 14, 15] // outside of the CRC, and harmless
  for (let at = 0; at < positions[2]!; at++) {
    const inBatch = at - positions.findLast(position => position <= at)!
    if (leaderEpochBytes.includes(inBatch)) continue
    const changed = Buffer.from(original)
    changed[at]! ^= 0x10
    await writeFile(`${path}/${firstLog}`, changed)
    await rm(`${path}/.kafka_cleanshutdown`, { force: true })
    await withOpen(path, async ({ log, logger }) => {
      assert.equal(log.isOffline, true, `byte ${at}`)
      assert.equal(log.offlineReason?.path, `${path}/${firstLog}`)
      assert.ok(log.offlineReason?.positionInBytes !== undefined)
      assert.ok(logger.lines.some(line => line.level === 'error'))
      assert.throws(() => log.append(batchOf(), { origin: 'client' }), { errorName: 'KAFKA_STORAGE_ERROR' })
    })
    assert.deepEqual(await readFile(`${path}/${firstLog}`), changed)
  }
})

test('after a loss of power a hole in what was not flushed yet is cut, although a valid batch follows', async t => {
  const { path, values, positions } = await crashed(t)
  await modify(`${path}/${firstLog}`, content => content.fill(0, positions[5], positions[5]! + 40))
  await cp(path, `${path}-copy`, { recursive: true })
  await withOpen(path, async ({ log }) => assert.equal(log.isOffline, true))
  await withOpen(`${path}-copy`, async ({ log }) => assert.deepEqual(await readValues(log), values.slice(0, 10)), {
    hasLostPower: true,
  })
})

test('a hole that lies more than 16 MiB before the end had been flushed: it is damage even after a loss of power', async t => {
  const root = await temporaryDirectory(t)
  const own = { ...config, maxMessageBytes: 2_000_000 }
  const directory = await LogDirectory.open({ path: root, logger: new RecordingLogger(), durability: 'os' })
  const log = await directory.create({ topic: 'orders', partition: 0, topicId, config: own })
  for (let i = 0; i < 18; i++) await appendDurably(log, { values: ['x'.repeat(1_000_000)] })
  await directory.close()
  await rm(`${root}/.kafka_cleanshutdown`)
  await rm(`${root}/recovery-point-offset-checkpoint`)
  await modify(`${root}/${firstLog}`, content => content.fill(0, 500, 600))
  await withOpen(root, async ({ log }) => assert.equal(log.isOffline, true), { hasLostPower: true, own })
})

test('a hole below the recovery point is damage, whatever happened', async t => {
  const { path, positions } = await crashed(t)
  await writeFile(`${path}/recovery-point-offset-checkpoint`, '0\n1\norders 0 12\n')
  await modify(`${path}/${firstLog}`, content => content.fill(0, positions[5]))
  await withOpen(path, async ({ log }) => assert.equal(log.isOffline, true), { hasLostPower: true })
})

test('a log that is shorter than what was flushed is offline', async t => {
  const { path, positions } = await crashed(t)
  await writeFile(`${path}/recovery-point-offset-checkpoint`, '0\n1\norders 0 16\n')
  await truncate(`${path}/${firstLog}`, positions[3])
  await withOpen(path, async ({ log }) => {
    assert.match(log.offlineReason?.message ?? '', /although 16 was flushed/)
  })
})

test('damage in one partition leaves the others alone', async t => {
  const { path, values } = await crashed(t)
  await cp(`${path}/orders-0`, `${path}/orders-1`, { recursive: true })
  await modify(`${path}/orders-1/00000000000000000000.log`, content => content.fill(0, 20, 30))
  await withOpen(path, async ({ log, directory }) => {
    assert.deepEqual(await readValues(log), values)
    assert.equal(directory.get('orders', 1)?.isOffline, true)
  })
})

test('checks only segments from the recovery point on', async t => {
  const own = { segmentBytes: 300 }
  const { path, values } = await crashed(t, { own })
  const logs = (await readdir(`${path}/orders-0`)).filter(name => name.endsWith('.log'))
  assert.ok(logs.length > 2)
  const lastBaseOffset = Number.parseInt(logs.at(-1)!, 10)
  const damagedRecord = (content: Buffer) => content.fill(0xff, 70, 71)
  await modify(`${path}/${firstLog}`, damagedRecord)
  await cp(path, `${path}-copy`, { recursive: true })
  await writeFile(`${path}/recovery-point-offset-checkpoint`, `0\n1\norders 0 ${lastBaseOffset}\n`)
  await withOpen(path, async ({ log }) => {
    assert.equal(log.isOffline, false)
    assert.deepEqual(await readValues(log, lastBaseOffset), values.slice(lastBaseOffset))
  })
  await withOpen(`${path}-copy`, async ({ log }) => assert.equal(log.isOffline, true))
})

test('a closed segment that is cut off between two batches takes the partition offline, after any stop', async t => {
  const own = { segmentBytes: 400, indexIntervalBytes: 50 }
  const { path } = await crashed(t, { count: 12, own })
  const content = await readFile(`${path}/${firstLog}`)
  const clean = `${path}-clean`
  await cp(path, clean, { recursive: true })
  await withOpen(clean, async () => undefined, { own })
  for (const from of [path, clean]) {
    for (let at = 0; at < content.length; at += recordBatchSizeInBytes(content, at)) {
      const copy = `${path}-copy`
      await rm(copy, { recursive: true, force: true })
      await cp(from, copy, { recursive: true })
      await truncate(`${copy}/${firstLog}`, at)
      await withOpen(copy, async ({ log }) => {
        assert.equal(log.isOffline, true, `${from} cut at ${at}`)
        assert.match(log.offlineReason?.message ?? '', /its end is missing.*ottla log repair/s)
      })
      assert.equal((await stat(`${copy}/${firstLog}`)).size, at)
    }
  }
})

test('a gap between segments that their indexes do not contradict is what Apache Kafka’s compaction leaves', async t => {
  const own = { segmentBytes: 400, indexIntervalBytes: 50 }
  const { path, values, positions } = await crashed(t, { count: 12, own })
  await truncate(`${path}/${firstLog}`, positions.at(-1)!)
  for (const kind of ['index', 'timeindex']) await writeFile(`${path}/${firstLog.replace('log', kind)}`, '')
  await writeFile(`${path}/recovery-point-offset-checkpoint`, '0\n1\norders 0 24\n')
  const missing = (positions.length - 1) * 2
  await withOpen(path, async ({ log }) => {
    assert.equal(log.isOffline, false)
    assert.deepEqual(
      (await readValues(log)).filter(value => value.startsWith(`${missing}:`)),
      [],
    )
    assert.ok((await readValues(log)).includes(values.at(-1)!))
  })
})

test('a hole in a segment that is not the last one is damage', async t => {
  const { path } = await crashed(t, { own: { segmentBytes: 300 } })
  const first = `${path}/${firstLog}`
  await truncate(first, (await stat(first)).size - 5)
  await withOpen(path, async ({ log }) => assert.equal(log.isOffline, true), { hasLostPower: true })
})

test('index, time index, snapshot, epochs and checkpoints that are damaged or gone are rebuilt', async t => {
  const own = { segmentBytes: 400, indexIntervalBytes: 50 }
  const { path, values } = await crashed(t, { count: 12, own })
  await withOpen(path, async () => undefined, { own }) // a clean stop from here
  const marker = `${path}/.kafka_cleanshutdown`
  const names = (await readdir(`${path}/orders-0`)).filter(name => !/\.log$|partition\.metadata/.test(name))
  assert.ok(names.some(name => name.endsWith('.timeindex')) && names.some(name => name.endsWith('.snapshot')))
  const copy = `${path}-copy`
  const damages: ((file: string) => Promise<void>)[] = [
    file => rm(file),
    file => truncate(file, 3),
    file => modify(file, content => Buffer.from(content.map(byte => byte ^ 0x55))),
  ]
  for (const isClean of [true, false]) {
    for (const name of [...names.map(name => `orders-0/${name}`), 'recovery-point-offset-checkpoint']) {
      for (const damage of damages) {
        await rm(copy, { recursive: true, force: true })
        await cp(path, copy, { recursive: true })
        if (!isClean) await rm(marker.replace(path, copy))
        await damage(`${copy}/${name}`)
        await withOpen(
          copy,
          async ({ log }) => {
            assert.equal(log.isOffline, false, `${name}: ${log.offlineReason}`)
            for (let offset = 0; offset < 24; offset += 5) {
              assert.deepEqual(await readValues(log, offset), values.slice(offset), name)
            }
            assert.equal((await log.offsetForTimestamp(1000))?.offset, 0, name)
            const [producer] = log.activeProducers()
            assert.equal(producer?.batches.at(-1)?.lastSequence, 23, name)
          },
          { own },
        )
      }
    }
  }
})

test('indexes without their log, which a crash may have kept, are removed', async t => {
  const { path, values } = await crashed(t)
  const orphans = ['index', 'timeindex', 'txnindex'].map(kind => `orders-0/00000000000000000900.${kind}`)
  for (const orphan of orphans) await writeFile(`${path}/${orphan}`, Buffer.alloc(24, 1))
  await withOpen(path, async ({ log }) => assert.deepEqual(await readValues(log), values))
  const left = await readdir(`${path}/orders-0`)
  assert.deepEqual(
    orphans.filter(orphan => left.includes(orphan.slice('orders-0/'.length))),
    [],
  )
})

test('damaged log start offsets stop the start, with what to do', async t => {
  const { path } = await crashed(t)
  await writeFile(`${path}/log-start-offset-checkpoint`, '0\n2\norders 0 4\n')
  await assert.rejects(LogDirectory.open({ path, logger: new RecordingLogger() }), /log start offsets are damaged/)
})

test('recovery may be cut short any number of times', async t => {
  const { path, values, positions } = await crashed(t)
  await truncate(`${path}/${firstLog}`, positions.at(-1)! + 7)
  const operations = ['truncate', 'datasync', 'syncDirectory'] as const
  for (const operation of operations) {
    const fileSystem = faultyFileSystem()
    fileSystem.fault = call => (call.operation === operation && call.path.includes('orders-0') ? 'EIO' : undefined)
    const directory = await LogDirectory.open({
      path,
      logger: new RecordingLogger(),
      fileSystem,
      defaultConfig: config,
    })
    assert.equal(directory.get('orders', 0)?.isOffline, true, operation)
    await directory.close()
  }
  await withOpen(path, async ({ log }) => assert.deepEqual(await readValues(log), values.slice(0, -2)))
})
