import assert from 'node:assert/strict'
import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { buildEndTransactionMarker, buildRecordBatch, recordBatches } from '@ottla/protocol'
import type { PartitionLog } from '../partition-log.ts'
import { appendDurably } from '../testing/batches.ts'
import { dataPath, logConfig, openDirectory } from '../testing/crash-explorer.ts'
import { logFixture, topicId } from '../testing/log-fixture.ts'
import { SimulatedDisk } from '../testing/simulated-disk/simulated-disk.ts'
import { SimulatedFileSystem } from '../testing/simulated-disk/simulated-file-system.ts'
import type { Finding } from './findings.ts'
import { verifyDirectory } from './verify-directory.ts'

async function findingsOf(path: string): Promise<Finding[]> {
  const findings: Finding[] = []
  await verifyDirectory({ path, report: finding => findings.push(finding) })
  return findings
}

const short = ({ severity, path, positionInBytes }: Finding) => [severity, path.split('/').at(-1), positionInBytes]

async function appendTransaction(log: PartitionLog, producerId: number, result: 'abort' | 'commit'): Promise<void> {
  const producer = { producerId, producerEpoch: 0 }
  const records = [{ timestamp: 1000, key: null, value: Buffer.from('in a transaction'), headers: [] }]
  const batch = buildRecordBatch({ baseOffset: 0, records, transactional: true, baseSequence: 0, ...producer })
  log.append(Buffer.from(batch), { origin: 'client' })
  const marker = { ...producer, baseOffset: 0, result, coordinatorEpoch: 0, timestamp: 1000 }
  log.append(buildEndTransactionMarker(marker), { origin: 'coordinator' })
  await log.flush()
}

/** Several segments with aborted and committed transactions, a log start inside the first one. Closed. */
async function storedDirectory(t: TestContext): Promise<{ path: string; partition: string }> {
  const fixture = await logFixture(t, { config: { segmentBytes: 600, indexIntervalBytes: 100 } })
  const { log, path, directory } = fixture
  await directory.create({ topic: 'empty', partition: 0, topicId, config: log.config })
  for (let i = 0; i < 20; i++) {
    await appendDurably(log, { values: [`value ${i}`, 'x'.repeat(30)], timestamp: 1000 + i * 10 })
    if (i % 4 === 1) await appendTransaction(log, i, i % 8 === 1 ? 'abort' : 'commit')
  }
  await log.deleteRecordsBefore(3)
  await directory.close()
  return { path, partition: `${path}/orders-0` }
}

test('finds nothing wrong with what a broker has written, after a clean stop and after a kill', async t => {
  const { path } = await storedDirectory(t)
  assert.deepEqual(await findingsOf(path), [])
  await rm(`${path}/.kafka_cleanshutdown`)
  assert.deepEqual(await findingsOf(path), [])
  const [, partition] = await verifyDirectory({ path, report: () => undefined })
  assert.ok(partition!.segments > 3)
  assert.equal(partition!.batches, 30)
  assert.equal(partition!.logStartOffset, 3)
  assert.equal(partition!.logEndOffset, 50)
})

test('finds nothing wrong with a compacted log', async t => {
  const config = { cleanupCompact: true, cleanupDelete: false, segmentBytes: 600, minCleanableDirtyRatio: 0 }
  const { log, directory, path } = await logFixture(t, { config, cleaner: { isEnabled: false } })
  for (let i = 0; i < 40; i++) await appendDurably(log, { keys: [`key ${i % 5}`], values: [`value ${i}`] })
  await directory.compact()
  await directory.close()
  assert.deepEqual(await findingsOf(path), [])
})

test('names file and byte of damaged batches, and says what follows behind them', async t => {
  const { path, partition } = await storedDirectory(t)
  const log = `${partition}/00000000000000000000.log`
  const content = await readFile(log)
  const [, second] = [...recordBatches(content)]
  content[second!.position + 70]! ^= 1
  await writeFile(log, content)
  const findings = await findingsOf(path)
  assert.deepEqual(findings.map(short)[0], ['damage', '00000000000000000000.log', second!.position])
  assert.match(findings[0]!.message, new RegExp(`${second!.sizeInBytes} bytes .*CRC .*offset ${second!.baseOffset} `))
})

test('a torn tail is mended by the next start, and is damage after a clean stop', async t => {
  const { path, partition } = await storedDirectory(t)
  const names = await verifyDirectory({ path, report: () => undefined })
  assert.equal(names.length, 2)
  const last = (await findLogs(partition)).at(-1)!
  const size = (await readFile(last)).length
  await writeFile(last, Buffer.concat([await readFile(last), Buffer.alloc(100, 7)]))
  assert.deepEqual((await findingsOf(path)).map(short), [['damage', last.split('/').at(-1), size]])
  await rm(`${path}/.kafka_cleanshutdown`)
  assert.deepEqual((await findingsOf(path)).map(short), [['mendable', last.split('/').at(-1), size]])
})

test('notices missing ends: of a closed segment, and of the log', async t => {
  const { path, partition } = await storedDirectory(t)
  const logs = await findLogs(partition)
  const copy = `${path}-copy`
  for (const log of [logs[0]!, logs.at(-1)!]) {
    await rm(copy, { recursive: true, force: true })
    await cp(path, copy, { recursive: true })
    const target = log.replace(path, copy)
    const batches = [...recordBatches(await readFile(target))]
    await truncate(target, batches.at(-1)!.position)
    assert.ok((await findingsOf(copy)).some(({ severity, path }) => severity === 'damage' && path === target))
  }
})

test('refuses a directory that a broker uses, and one that is not there', async t => {
  const { path } = await logFixture(t)
  await assert.rejects(findingsOf(path), { code: 'IN_USE' })
  await assert.rejects(findingsOf(`${path}-nowhere`), { code: 'ENOENT' })
})

test('changes nothing', async t => {
  const { path, partition } = await storedDirectory(t)
  const [first] = await findLogs(partition)
  await truncate(first!, 100)
  const before = await contentsOf(path)
  await findingsOf(path)
  assert.deepEqual(await contentsOf(path), before)
})

async function contentsOf(path: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => `${parentPath}/${name}`)
  return new Map(await Promise.all(files.map(async file => [file, await readFile(file)] as const)))
}

/** What verify may pass over: no checksum covers it, or it means nothing. */
const unseenReasons: Record<string, string> = {
  'log-start-offset-checkpoint': 'another digit is another log start',
  'recovery-point-offset-checkpoint': 'a lower recovery point is one too',
  'leader-epoch-checkpoint': 'another digit is another epoch or offset',
  'meta.properties': 'other ids are ids too',
  'partition.metadata': 'another id is an id too',
  '.kafka_cleanshutdown': 'only its being there counts',
  '.ottla-boot-id': 'another boot is one too',
  '00000000000000000000.timeindex': 'a larger timestamp or a smaller offset makes a search longer, not wrong',
  '00000000000000000002.timeindex': 'likewise',
}

test('rot in any byte of a log, an index or a snapshot is found', { timeout: 120_000 }, async () => {
  const fileSystem = new SimulatedFileSystem({ disk: new SimulatedDisk(), choose: () => 0 })
  const directory = await openDirectory(fileSystem)
  const log = await directory.create({ topic: 'orders', partition: 0, topicId, config: logConfig })
  for (const [baseSequence, value] of ['a'.repeat(900), 'b', 'c'.repeat(900), 'd', 'e'].entries()) {
    await appendDurably(log, { values: [value], producerId: 1, producerEpoch: 0, baseSequence })
  }
  await log.deleteRecordsBefore(1)
  await directory.close()
  const original = fileSystem.disk.snapshot()
  for (const path of original.files()) {
    const file = original.find(path)
    assert.ok(file?.kind === 'file')
    const content = file.read(0, file.sizeInBytes)
    const leaderEpochs = path.endsWith('.log')
      ? [...recordBatches(content)].flatMap(({ position }) => [12, 13, 14, 15].map(at => position + at))
      : []
    const name = path.slice(path.lastIndexOf('/') + 1)
    for (let at = 0; at < file.sizeInBytes; at++) {
      const disk = original.snapshot()
      const target = disk.find(path)
      assert.ok(target?.kind === 'file')
      target.damage(bytes => bytes.fill(bytes[at]! ^ 0xff, at, at + 1))
      let isFound = false
      const damaged = new SimulatedFileSystem({ disk, choose: () => 0 })
      const report = ({ severity }: Finding) => (isFound ||= severity !== 'notice')
      await verifyDirectory({ path: dataPath, report, fileSystem: damaged })
      assert.ok(isFound || name in unseenReasons || leaderEpochs.includes(at), `byte ${at} of ${path}`)
    }
  }
})

async function findLogs(partition: string): Promise<string[]> {
  return (await readdir(partition))
    .filter(name => name.endsWith('.log'))
    .sort()
    .map(name => `${partition}/${name}`)
}
