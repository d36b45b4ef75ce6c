/**
 * Every byte of every file of a small data directory turned over, set to zero, and the file cut off there; after a clean stop and after
 * an unclean one. What is wrong is said (the directory refuses to open, the partition is offline, a read fails, a CRC does not fit) or does
 * not matter: never is a record shown that differs from what was written, never is one missing in silence, never does a start hang or
 * fail in a way that was not foreseen.
 *
 * Some bytes have no checksum in Kafka's own formats; what rot there can do unseen is listed at the end and in docs/durability.md.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  buildEndTransactionMarker,
  buildRecordBatch,
  KafkaError,
  type RecordBatch,
  recordBatches,
} from '@ottla/protocol'
import { cleanShutdownFileName } from './file-names.ts'
import { StorageError } from './storage-error.ts'
import { appendDurably, whenDurable } from './testing/batches.ts'
import { dataPath, logConfig, openDirectory } from './testing/crash-explorer.ts'
import { topicId } from './testing/log-fixture.ts'
import { SimulatedDisk } from './testing/simulated-disk/simulated-disk.ts'
import { SimulatedFileSystem } from './testing/simulated-disk/simulated-file-system.ts'

const values = ['a'.repeat(900), 'b', 'c'.repeat(900), 'd', 'e']
const logStart = 1

const mount = (disk: SimulatedDisk) => new SimulatedFileSystem({ disk, choose: () => 0 })

interface Stop {
  isClean: boolean
}

/** Two segments, a log start inside the first one, a producer, everything stored. */
async function plainDirectory({ isClean }: Stop): Promise<SimulatedDisk> {
  const fileSystem = mount(new SimulatedDisk())
  const directory = await openDirectory(fileSystem)
  const log = await directory.create({ topic: 'orders', partition: 0, topicId, config: logConfig })
  for (const [baseSequence, value] of values.entries()) {
    await appendDurably(log, { values: [value], producerId: 1, producerEpoch: 0, baseSequence })
  }
  await log.deleteRecordsBefore(logStart)
  await directory.close()
  if (!isClean) await fileSystem.remove(`${dataPath}/${cleanShutdownFileName}`)
  return fileSystem.disk.snapshot()
}

/** A log that was compacted, with a tombstone whose time is not over, and one with an aborted transaction in a closed segment. */
async function compactedDirectory({ isClean }: Stop): Promise<SimulatedDisk> {
  const fileSystem = mount(new SimulatedDisk())
  const directory = await openDirectory(fileSystem)
  const config = { ...logConfig, segmentBytes: 300, cleanupCompact: true, minCleanableDirtyRatio: 0 }
  const log = await directory.create({ topic: 'orders', partition: 0, topicId, config })
  const changes: [string, string | null][] = [
    ['a', 'first'],
    ['b', 'kept'],
    ['a', 'second'],
    ['b', null],
    ['c', 'kept'],
    ['a', 'third'],
    ['d', 'last'],
  ]
  for (const [key, value] of changes) await appendDurably(log, { keys: [key], values: [value] })
  await directory.compact()
  const transactions = await directory.create({
    topic: 'payments',
    partition: 0,
    topicId,
    config: { ...logConfig, segmentBytes: 200 },
  })
  const producer = { producerId: 7, producerEpoch: 0 }
  const append = async (records: Buffer, origin: 'client' | 'coordinator') => {
    const { nextOffset } = transactions.append(Buffer.from(records), { origin })
    await whenDurable(transactions, nextOffset)
  }
  const record = { timestamp: 1000, key: null, value: Buffer.from('taken back'), headers: [] }
  await append(
    buildRecordBatch({ baseOffset: 0, records: [record], ...producer, baseSequence: 0, transactional: true }),
    'client',
  )
  const marker = { baseOffset: 0, result: 'abort', ...producer, coordinatorEpoch: 0, timestamp: 1000 } as const
  await append(buildEndTransactionMarker(marker), 'coordinator')
  for (const value of ['x', 'y']) await appendDurably(transactions, { values: [value] })
  await directory.close()
  if (!isClean) await fileSystem.remove(`${dataPath}/${cleanShutdownFileName}`)
  return fileSystem.disk.snapshot()
}

class NoticedError extends Error {}

/** All that readers find, as text. Throws a NoticedError, or what the log throws, where somebody is told that something is wrong. */
async function contentOf(disk: SimulatedDisk): Promise<string> {
  const directory = await openDirectory(mount(disk))
  const contents: string[] = []
  for (const log of [...directory.logs()].sort((a, b) => (a.topic < b.topic ? -1 : 1))) {
    // The broker finds no log with the topic's id.
    if (log.isOffline || log.topicId !== topicId) throw new NoticedError()
    contents.push(`${log.topic} from ${log.logStartOffset} to ${log.highWatermark}`)
    let offset = log.logStartOffset
    while (offset < log.highWatermark) {
      const range = { fromOffset: offset, maxBytes: 1_000_000, minOneBatch: true } as const
      const read = await log.read({ ...range, isolation: 'lastStableOffset' })
      if (read.records.length === 0) throw new NoticedError() // a consumer stands still below the high watermark
      for (const { producerId, firstOffset } of read.abortedTransactions ?? []) {
        contents.push(`aborted: ${producerId} from ${firstOffset}`)
      }
      for (const batch of read.records.flatMap(buffer => [...recordBatches(buffer)])) {
        if (!batch.isCrcValid()) throw new NoticedError() // by the consumer, which checks
        for (const { offset, key, value } of batch.records({ maxDecompressedBytes: 10_000 })) {
          if (offset >= log.logStartOffset) contents.push(`${offset}: ${key} ${value}`)
        }
        offset = batch.nextOffset
      }
    }
  }
  return contents.join('\n')
}

type Verdict = 'reported' | 'harmless' | 'unseen'

/** What comes of the disk. `unseen`: other records than were written, and nobody says so. */
async function judge(disk: SimulatedDisk, expected: string): Promise<Verdict> {
  try {
    return (await contentOf(disk)) === expected ? 'harmless' : 'unseen'
  } catch (error) {
    if (error instanceof NoticedError || error instanceof StorageError || error instanceof KafkaError) return 'reported'
    if (error instanceof Error && error.name === 'CorruptBatchError') return 'reported'
    throw error
  }
}

const damages: Record<string, (content: Buffer, at: number) => Buffer> = {
  'turned over': (content, at) => content.fill(content[at]! ^ 0xff, at, at + 1),
  'set to zero': (content, at) => content.fill(0, at, at + 1),
  'cut off': (content, at) => content.subarray(0, at),
}

/** File name -> why rot of it may pass unseen. */
const withoutChecksum: Record<string, string> = {
  'log-start-offset-checkpoint': 'plain text in Kafka’s format: another digit is another log start',
  '00000000000000000000.txnindex': 'offsets and producer ids without a CRC; what is out of bounds is noticed',
}
/** Positions in a log file that no batch's CRC covers: base offsets and leader epochs. */
function positionsOutsideCrc(batches: readonly RecordBatch[]): Set<number> {
  const fields = [0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15]
  return new Set(batches.flatMap(({ position }) => fields.map(at => position + at)))
}

const directories = { 'a plain log': plainDirectory, 'a compacted log, and transactions': compactedDirectory }
for (const [what, isClean] of Object.keys(directories).flatMap(what => [
  [what, true] as const,
  [what, false] as const,
])) {
  test(`rot in any byte is reported or does not matter: ${what}, after ${isClean ? 'a clean' : 'an unclean'} stop`, async t => {
    const original = await directories[what as keyof typeof directories]({ isClean })
    const expected = await contentOf(original.snapshot())
    const counts = { reported: 0, harmless: 0, unseen: 0 }
    const unseen = new Map<string, number>()
    for (const path of original.files()) {
      const file = original.find(path)
      assert.ok(file?.kind === 'file')
      const content = file.read(0, file.sizeInBytes)
      const batches = path.endsWith('.log') ? [...recordBatches(content)] : []
      const outsideCrc = positionsOutsideCrc(batches)
      // A file that ends between two batches looks whole by itself.
      const batchEnds = new Set(batches.map(({ position }) => position))
      const name = path.slice(path.lastIndexOf('/') + 1)
      for (const [what, damage] of Object.entries(damages)) {
        for (let at = 0; at < file.sizeInBytes; at++) {
          const disk = original.snapshot()
          const target = disk.find(path)
          assert.ok(target?.kind === 'file')
          target.damage(content => damage(content, at))
          let verdict: Verdict
          try {
            verdict = await judge(disk, expected)
          } catch (error) {
            throw new Error(`byte ${at} of ${path} ${what}`, { cause: error })
          }
          counts[verdict]++
          if (verdict !== 'unseen') continue
          const key = `${name} ${what}`
          unseen.set(key, (unseen.get(key) ?? 0) + 1)
          assert.ok(
            name in withoutChecksum || (what === 'cut off' ? batchEnds.has(at) : outsideCrc.has(at)),
            `byte ${at} of ${path} ${what}: nobody noticed`,
          )
        }
      }
    }
    t.diagnostic(`${JSON.stringify(counts)}; unseen: ${JSON.stringify([...unseen])}`)
  })
}
