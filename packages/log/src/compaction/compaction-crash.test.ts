/** Compaction interrupted during each of its calls to the disk: what is found afterwards is the old segments or the new one. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLogConfig, type LogConfig } from '../log-config.ts'
import { LogDirectory } from '../log-directory.ts'
import type { PartitionLog } from '../partition-log.ts'
import { StorageError } from '../storage-error.ts'
import { batchOf, readBatches, whenDurable } from '../testing/batches.ts'
import { RecordingLogger } from '../testing/recording-logger.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import type { Choose } from '../testing/simulated-disk/choices.ts'
import { SimulatedDisk } from '../testing/simulated-disk/simulated-disk.ts'
import { type CallFate, type DiskCall, SimulatedFileSystem } from '../testing/simulated-disk/simulated-file-system.ts'

const topicId = 'CFnEgMcJSKCPjKuLDroeKQ'

/** Three records fill a segment when it is written; compaction makes one of many. */
const written: LogConfig = {
  ...defaultLogConfig,
  cleanupCompact: true,
  cleanupDelete: false,
  segmentBytes: 300,
  indexIntervalBytes: 100,
  minCleanableDirtyRatio: 0,
}
const oneGroup: LogConfig = { ...written, segmentBytes: 10_000 }
const severalGroups: LogConfig = { ...written, segmentBytes: 700 }

function open(fileSystem: SimulatedFileSystem, config: LogConfig): Promise<LogDirectory> {
  return LogDirectory.open({
    path: '/data',
    logger: new RecordingLogger(),
    clock: { now: () => 1_700_000_000_000 },
    timers: { after: () => ({ cancel: () => undefined }) },
    random: () => 0,
    randomBytes: count => Buffer.alloc(count, 7),
    defer: queueMicrotask,
    defaultConfig: config,
    fileSystem,
    cleaner: { isEnabled: false },
  })
}

/** A disk with a log of many small segments, cleanly stopped: two keys that change, one that does not, a tombstone. */
async function fullDisk(): Promise<SimulatedDisk> {
  const fileSystem = new SimulatedFileSystem({ disk: new SimulatedDisk(), choose: () => 0 })
  const directory = await open(fileSystem, written)
  const log = await directory.create({ topic: 'orders', partition: 0, topicId, config: written })
  for (let i = 0; i < 21; i++) {
    const key = ['a', 'b', i === 2 ? 'once' : 'gone'][i % 3]!
    const value = key === 'gone' && i > 10 ? null : `${i}`
    const { nextOffset } = log.append(batchOf({ keys: [key], values: [value], timestamp: i }), { origin: 'client' })
    await whenDurable(log, nextOffset)
  }
  await directory.close()
  return fileSystem.disk.snapshot()
}

async function contentOf(log: PartitionLog): Promise<string> {
  const found: string[] = []
  for (let offset = log.logStartOffset; offset < log.highWatermark; ) {
    for (const batch of await readBatches(log, { fromOffset: offset, maxBytes: 100 })) {
      assert.ok(batch.isCrcValid())
      for (const record of batch.records({ maxDecompressedBytes: 10_000 })) {
        found.push(`${record.offset}:${record.key}=${record.value}`)
      }
      offset = batch.nextOffset
    }
  }
  return found.join(' ')
}

interface Examined {
  content: string
  bases: number[]
}

async function examine(disk: SimulatedDisk, config: LogConfig): Promise<Examined> {
  const fileSystem = new SimulatedFileSystem({ disk, choose: () => 0 })
  const directory = await open(fileSystem, config)
  const log = directory.get('orders', 0)!
  assert.equal(log.offlineReason, undefined)
  assert.equal(log.logEndOffset, 21)
  assert.deepEqual(
    disk.files().filter(name => /cleaned|swap|deleted/.test(name)),
    [],
  )
  const examined = { content: await contentOf(log), bases: log.segments.map(segment => segment.baseOffset) }
  // Another loss of power at once: what was shown stays.
  const later = new SimulatedFileSystem({ disk: fileSystem.cutPower({ choose: () => 0 }), choose: () => 0 })
  const again = (await open(later, config)).get('orders', 0)!
  assert.deepEqual(await contentOf(again), examined.content)
  return examined
}

async function compacted(disk: SimulatedDisk, config: LogConfig): Promise<Examined> {
  const fileSystem = new SimulatedFileSystem({ disk: disk.snapshot(), choose: () => 0 })
  const directory = await open(fileSystem, config)
  await directory.compact()
  const log = directory.get('orders', 0)!
  const examined = { content: await contentOf(log), bases: log.segments.map(segment => segment.baseOffset) }
  await directory.close()
  return examined
}

/** Twenty-odd renames make more disks than can be looked at: nothing kept, all kept, and some by chance. */
function choosers(seed: number): Choose[] {
  const random = new SeededRandom(seed)
  const byChance = Array.from({ length: 6 }, (): Choose => count => random.below(count))
  return [() => 0, count => count - 1, ...byChance]
}

/** Runs compaction with one call that ends badly. Undefined for `call` where there were not that many. */
async function interrupt(disk: SimulatedDisk, config: LogConfig, at: number, fate: CallFate | 'powerCut') {
  let call: DiskCall | undefined
  let first = Number.POSITIVE_INFINITY
  const { promise: halted, resolve: halt } = Promise.withResolvers<void>()
  const fileSystem: SimulatedFileSystem = new SimulatedFileSystem({
    disk: disk.snapshot(),
    choose: count => Math.floor(count / 2),
    fateOf: reached => {
      if (reached.number !== first + at) return undefined
      call = reached
      if (fate !== 'powerCut') return fate
      fileSystem.halt()
      halt()
      return undefined
    },
  })
  const directory = await open(fileSystem, config)
  first = fileSystem.callCount
  const compaction = directory.compact().catch(error => {
    if (!(error instanceof StorageError && call)) throw error // the checkpoint could not be stored
  })
  await Promise.race([compaction, halted])
  return { call, fileSystem, directory }
}

for (const [name, config] of [
  ['one segment of all', oneGroup],
  ['several segments', severalGroups],
] as const) {
  test(`a loss of power during any call leaves the old or the new: ${name}`, async t => {
    const disk = await fullDisk()
    const before = await examine(disk.snapshot(), config)
    const after = await compacted(disk, config)
    assert.notEqual(before.content, after.content)
    const newest = new Set(after.content.split(' '))
    const seen = new Set<string>()
    let disks = 0
    for (let at = 1; ; at++) {
      const { call, fileSystem } = await interrupt(disk, config, at, 'powerCut')
      for (const choose of choosers(at)) {
        disks++
        try {
          const { content, bases } = await examine(fileSystem.cutPower({ choose }), config)
          seen.add(content)
          const records = content.split(' ')
          for (const record of newest) assert.ok(records.includes(record), `${record} is gone`)
          for (const record of records) assert.ok(before.content.includes(record), `${record} is new`)
          if (config !== oneGroup) continue
          const expected = content === before.content ? before : after
          assert.deepEqual({ content, bases }, expected, 'a mixture')
        } catch (error) {
          if (error instanceof Error) error.message = `${call?.operation} ${call?.path}: ${error.message}`
          throw error
        }
      }
      if (!call) break
    }
    t.diagnostic(`${disks} disks, ${seen.size} contents`)
    assert.ok(seen.has(before.content) && seen.has(after.content))
  })
}

for (const failure of ['EIO', 'ENOSPC']) {
  test(`any call that fails with ${failure} leaves a log that serves, or one that says why not`, async () => {
    const disk = await fullDisk()
    const before = await examine(disk.snapshot(), oneGroup)
    const after = await compacted(disk, oneGroup)
    for (let at = 1; ; at++) {
      const { call, fileSystem, directory } = await interrupt(disk, oneGroup, at, { failure })
      if (!call) return
      const log = directory.get('orders', 0)!
      if (!log.isOffline) assert.ok([before.content, after.content].includes(await contentOf(log)), call.operation)
      await directory.close()
      const { content } = await examine(fileSystem.kill(), oneGroup)
      assert.ok(content === before.content || content === after.content, `${call.operation} ${call.path}`)
    }
  })
}
