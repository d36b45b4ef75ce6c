import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordBatches } from '@ottla/protocol'
import type { PartitionLog } from '../partition-log.ts'
import { StorageError } from '../storage-error.ts'
import { appendDurably, readValues } from '../testing/batches.ts'
import { dataPath, logConfig, openDirectory } from '../testing/crash-explorer.ts'
import { topicId } from '../testing/log-fixture.ts'
import { SimulatedDisk } from '../testing/simulated-disk/simulated-disk.ts'
import {
  SimulatedFileSystem,
  type SimulatedFileSystemOptions,
} from '../testing/simulated-disk/simulated-file-system.ts'
import type { Finding } from './findings.ts'
import { type Repair, repairPartition } from './repair-partition.ts'
import { verifyDirectory } from './verify-directory.ts'

const partition = `${dataPath}/orders-0`
const firstLog = `${partition}/00000000000000000000.log`
const values = ['a'.repeat(600), 'b', 'c'.repeat(600), 'd'.repeat(600), 'e', 'f'.repeat(700), 'g']

const mount = (disk: SimulatedDisk, options: Partial<SimulatedFileSystemOptions> = {}) =>
  new SimulatedFileSystem({ disk, choose: () => 0, ...options })

/** Three segments, stopped cleanly. */
async function storedDirectory(): Promise<SimulatedDisk> {
  const fileSystem = mount(new SimulatedDisk())
  const directory = await openDirectory(fileSystem)
  const log = await directory.create({ topic: 'orders', partition: 0, topicId, config: logConfig })
  for (const [i, value] of values.entries()) await appendDurably(log, { values: [value], timestamp: 1000 + i })
  await directory.close()
  return fileSystem.disk.snapshot()
}

async function repair(fileSystem: SimulatedFileSystem): Promise<{ isChanged: boolean; repairs: Repair[] }> {
  const repairs: Repair[] = []
  const options = { path: dataPath, topic: 'orders', partition: 0, fileSystem }
  const isChanged = await repairPartition({ ...options, onRepair: done => repairs.push(done) })
  return { isChanged, repairs }
}

async function withLog(disk: SimulatedDisk, work: (log: PartitionLog) => Promise<void>): Promise<void> {
  const directory = await openDirectory(mount(disk.snapshot()))
  await work(directory.get('orders', 0)!)
  await directory.close()
}

async function damageIn(disk: SimulatedDisk): Promise<Finding[]> {
  const findings: Finding[] = []
  await verifyDirectory({ path: dataPath, fileSystem: mount(disk), report: finding => findings.push(finding) })
  return findings.filter(({ severity }) => severity === 'damage')
}

function contentOf(disk: SimulatedDisk, path: string): Buffer {
  const file = disk.find(path)
  assert.ok(file?.kind === 'file', path)
  return Buffer.from(file.read(0, file.sizeInBytes))
}

function damaged(original: SimulatedDisk, path: string, damage: (content: Buffer) => Buffer): SimulatedDisk {
  const disk = original.snapshot()
  const file = disk.find(path)
  assert.ok(file?.kind === 'file', path)
  file.damage(damage)
  return disk
}

const flip = (at: number) => (content: Buffer) => content.fill(content[at]! ^ 0xff, at, at + 1)
const valuesWithout = (offset: number) => values.map((value, i) => `${i}:${value}`).filter((_, i) => i !== offset)

test('does nothing to a partition that is not damaged', async () => {
  const disk = await storedDirectory()
  const fileSystem = mount(disk)
  assert.deepEqual(await repair(fileSystem), { isChanged: false, repairs: [] })
  assert.deepEqual(disk.files(), (await storedDirectory()).files())
})

test('cuts out the damaged batch alone, keeps its bytes beside, and tells which offsets are lost', async () => {
  const original = await storedDirectory()
  const content = contentOf(original, firstLog)
  const [, second] = [...recordBatches(content)]
  const { position, sizeInBytes } = second!
  const disk = damaged(original, firstLog, flip(position + 65))
  await withLog(disk, async log => assert.throws(() => log.append(Buffer.alloc(0), { origin: 'client' })))
  const { repairs } = await repair(mount(disk))
  assert.deepEqual(
    repairs.map(({ lost }) => lost),
    [{ fromOffset: 1, endOffset: 2 }],
  )
  const kept = contentOf(disk, `${firstLog}.${position}-${position + sizeInBytes}.cut`)
  assert.deepEqual(kept, flip(65)(Buffer.from(content.subarray(position, position + sizeInBytes))))
  assert.deepEqual(await damageIn(disk), [])
  await withLog(disk, async log => {
    assert.equal(log.isOffline, false)
    assert.deepEqual(await readValues(log), valuesWithout(1))
    await appendDurably(log, { values: ['after'] })
    assert.equal(log.logEndOffset, values.length + 1)
  })
  assert.equal((await repair(mount(disk))).isChanged, false)
})

test('whatever byte of a log is damaged, every other batch is there again', { timeout: 120_000 }, async () => {
  const original = await storedDirectory()
  for (const path of original.files().filter(path => path.endsWith('.log'))) {
    const content = contentOf(original, path)
    for (const { position, sizeInBytes, baseOffset } of recordBatches(content)) {
      for (let at = position; at < position + Math.min(sizeInBytes, 90); at++) {
        const inBatch = at - position
        if (inBatch >= 12 && inBatch < 16) continue // the leader epoch: no checksum, and harmless
        const disk = damaged(original, path, flip(at))
        await repair(mount(disk))
        assert.deepEqual(await damageIn(disk), [], `byte ${at} of ${path}`)
        await withLog(disk, async log => {
          // A base offset that is too high at the very end of the log can't be told from a gap.
          const isUnseen = inBatch < 8 && baseOffset === values.length - 1 && log.logEndOffset > values.length
          if (!isUnseen) assert.deepEqual(await readValues(log), valuesWithout(baseOffset), `byte ${at} of ${path}`)
        })
      }
    }
  }
})

test('accepts a missing end: of the log, and of a closed segment', async () => {
  const original = await storedDirectory()
  const logs = original.files().filter(path => path.endsWith('.log'))
  for (const path of [logs[0]!, logs.at(-1)!]) {
    const batches = [...recordBatches(contentOf(original, path))]
    const { position, baseOffset } = batches.at(-1)!
    const disk = damaged(original, path, content => content.subarray(0, position))
    const { repairs } = await repair(mount(disk))
    assert.deepEqual(
      repairs.map(({ lost }) => lost),
      [{ fromOffset: baseOffset, endOffset: baseOffset + 1 }],
    )
    await withLog(disk, async log => assert.deepEqual(await readValues(log), valuesWithout(baseOffset)))
  }
})

test('begins empty at a log start that lies behind all that is left', async () => {
  const disk = await storedDirectory()
  const directory = await openDirectory(mount(disk))
  await directory.get('orders', 0)!.deleteRecordsBefore(6)
  await directory.close()
  const [last] = disk
    .files()
    .filter(path => path.endsWith('.log'))
    .slice(-1)
  const cut = damaged(disk, last!, content => content.subarray(0, 0))
  await withLog(cut, async log => assert.equal(log.isOffline, true))
  await repair(mount(cut))
  await withLog(cut, async log => {
    assert.deepEqual([log.isOffline, log.logStartOffset, log.logEndOffset], [false, 6, 6])
  })
})

test('a repair that fails at any call can be done once more', async () => {
  const original = damaged(await storedDirectory(), firstLog, flip(70))
  for (let failing = 1, isDone = false; !isDone; failing++) {
    const disk = original.snapshot()
    let calls = 0
    const fileSystem = mount(disk, { fateOf: () => (++calls === failing ? { failure: 'EIO' } : undefined) })
    isDone = await repair(fileSystem).then(
      () => true,
      error => {
        if (!(error instanceof StorageError)) throw error
        return false
      },
    )
    assert.ok(failing < 200)
    await repair(mount(disk))
    assert.deepEqual(await damageIn(disk), [])
    await withLog(disk, async log => assert.deepEqual(await readValues(log), valuesWithout(0), `call ${failing}`))
  }
})

test('refuses a directory that a broker uses, and a partition that is not there', async () => {
  const fileSystem = mount(await storedDirectory())
  const directory = await openDirectory(fileSystem)
  await assert.rejects(repair(fileSystem), { code: 'IN_USE' })
  await directory.close()
  const missing = { path: dataPath, topic: 'nothing', partition: 0, fileSystem, onRepair: () => undefined }
  await assert.rejects(repairPartition(missing), { code: 'ENOENT' })
})
