/**
 * What compaction costs the producers: the time from append to durable of one batch at a time in one log, while nothing else happens,
 * and while another log of the same directory is compacted, in a thread of its own and (for comparison) on the event loop.
 *
 *   node bench/compaction.ts [DIRECTORY]      DIRECTORY on the disk that is to be measured; default: the system's temporary one
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultLogConfig, LogDirectory, nodeFileSystem, type PartitionLog } from '@ottla/log'
import { buildRecordBatch } from '@ottla/protocol'

const topicId = 'CFnEgMcJSKCPjKuLDroeKQ'
const dirtyBytes = 768 * 1024 * 1024
const keyCount = 100_000
const recordsPerBatch = 16
const batchesPerSecond = 200
const quietSeconds = 8
const ignore = () => undefined
const logger = { debug: ignore, info: ignore, warn: console.error, error: console.error }
const config = {
  ...defaultLogConfig,
  segmentBytes: 64 * 1024 * 1024,
  messageTimestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
}
const compacted = { ...config, cleanupCompact: true, cleanupDelete: false, minCleanableDirtyRatio: 0 }
const value = Buffer.alloc(1000, 'x')

function batchFrom(first: number): Buffer {
  const records = Array.from({ length: recordsPerBatch }, (_, i) => ({
    timestamp: 1000,
    key: Buffer.from(`key-${(first + i) % keyCount}`),
    value,
    headers: [],
  }))
  return Buffer.from(buildRecordBatch({ baseOffset: 0, records }))
}

function whenDurable(log: PartitionLog, offset: number): Promise<void> {
  return new Promise((resolve, reject) => log.whenDurable(offset, error => (error ? reject(error) : resolve())))
}

async function fill(log: PartitionLog): Promise<void> {
  for (let offset = log.logEndOffset; log.sizeInBytes < dirtyBytes; offset = log.logEndOffset) {
    const { nextOffset } = log.append(batchFrom(offset), { origin: 'client' })
    if (nextOffset % 4096 === 0) await whenDurable(log, nextOffset)
  }
  await log.flush()
}

/** Sends at a steady rate until told to stop; times in ms, ascending. */
async function produce(log: PartitionLog, isOver: () => boolean): Promise<number[]> {
  const times: number[] = []
  const underWay: Promise<void>[] = []
  for (let due = performance.now(); !isOver(); due += 1000 / batchesPerSecond) {
    const waitMs = due - performance.now()
    if (waitMs > 0) await new Promise(resolve => setTimeout(resolve, waitMs))
    const { nextOffset } = log.append(batchFrom(0), { origin: 'client' })
    underWay.push(whenDurable(log, nextOffset).then(() => void times.push(performance.now() - due)))
  }
  await Promise.all(underWay)
  return times.sort((a, b) => a - b)
}

function report(name: string, times: readonly number[], tookMs: number): void {
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!.toFixed(2)
  console.log(
    `${name.padEnd(28)} p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)} ms  (${times.length} batches, ${(tookMs / 1000).toFixed(1)} s)`,
  )
}

const root = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'ottla-bench-'))
try {
  for (const [name, options] of [
    ['compaction in a thread', {}],
    ['compaction on the event loop', { fileSystem: { ...nodeFileSystem } }],
  ] as const) {
    const path = join(root, name.replaceAll(' ', '-'))
    const directory = await LogDirectory.open({ path, logger, cleaner: { isEnabled: false }, ...options })
    const dirty = await directory.create({ topic: 'dirty', partition: 0, topicId, config: compacted })
    const busy = await directory.create({ topic: 'busy', partition: 0, topicId, config })
    await fill(dirty)
    const quietUntil = performance.now() + quietSeconds * 1000
    report('nothing else', await produce(busy, () => performance.now() > quietUntil), quietSeconds * 1000)
    const startedAt = performance.now()
    let tookMs = 0
    const compaction = directory.compact().then(() => {
      tookMs = performance.now() - startedAt
    })
    report(name, await produce(busy, () => tookMs > 0), performance.now() - startedAt)
    await compaction
    console.log(
      `${(dirtyBytes / 1024 / 1024 / (tookMs / 1000)).toFixed(0)} MiB/s, ${(dirty.sizeInBytes / 1024 / 1024).toFixed(0)} MiB are left\n`,
    )
    await directory.close()
  }
} finally {
  await rm(root, { recursive: true, force: true })
}
