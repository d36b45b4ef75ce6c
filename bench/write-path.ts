/**
 * How appended batches get to the disk: the ways there are, measured on bare files, and then the log itself. The figures in
 * docs/decisions/0002-write-path.md and 0003-flush-policy.md are this program's. Run it on the disk in question:
 *
 *     node bench/write-path.ts [DIRECTORY]
 *
 * Each way keeps a number of batches in flight, as a producer does: a batch that is durable is replaced by a new one.
 */
import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultLogConfig, LogDirectory } from '@ottla/log'
import { buildRecordBatch } from '@ottla/protocol'

interface Load {
  name: string
  batchSizeInBytes: number
  inFlight: number
  totalBatches: number
}

const loads: Load[] = [
  { name: '5 x 16 KiB', batchSizeInBytes: 16_384, inFlight: 5, totalBatches: 5000 },
  { name: '50 x 16 KiB', batchSizeInBytes: 16_384, inFlight: 50, totalBatches: 10_000 },
  { name: '1 x 1 KiB', batchSizeInBytes: 1024, inFlight: 1, totalBatches: 1000 },
]

interface Result {
  load: string
  way: string
  megabytesPerSecond: number
  microsecondsCpuPerBatch: number
  batchesPerFlush: number
  flushMsP50: number
  flushMsP99: number
  longestBlockMs: number
}

/** What a way of writing reports while it works. */
class Meter {
  flushMs: number[] = []
  longestBlockMs = 0

  block(work: () => void): void {
    const startedMs = performance.now()
    work()
    this.longestBlockMs = Math.max(this.longestBlockMs, performance.now() - startedMs)
  }
}

/** Takes batches, and calls back with how many have become durable. */
type Way = (file: number, meter: Meter, onDurable: (count: number) => void) => (batch: Buffer) => void

const ways: Record<string, Way> = {
  /** writev at the end of the loop's turn, on the loop; fdatasync in the pool; writes go on during a flush. */
  'sync write, async flush': (file, meter, onDurable) => {
    const round = rounds(meter, onDurable, (batches, done) => fs.fdatasync(file, error => done(error, batches)))
    let position = 0
    return round(batches => {
      meter.block(() => fs.writevSync(file, batches, position))
      position += sizeOf(batches)
    })
  },
  /** writev and fdatasync both in the pool, one round after another. */
  'async write, async flush': (file, meter, onDurable) => {
    let position = 0
    return rounds(meter, onDurable, (batches, done) => {
      fs.writev(file, batches, position, writeError => {
        if (writeError) return done(writeError, batches)
        position += sizeOf(batches)
        fs.fdatasync(file, error => done(error, batches))
      })
    })()
  },
  /** One writev in the pool on a file opened with O_DSYNC. */
  'async write, O_DSYNC': (file, meter, onDurable) => {
    let position = 0
    return rounds(meter, onDurable, (batches, done) => {
      fs.writev(file, batches, position, error => {
        position += sizeOf(batches)
        done(error, batches)
      })
    })()
  },
}

/** One round at a time; what comes meanwhile waits for the next. `prepare` sees the batches of a turn at its end. */
function rounds(
  meter: Meter,
  onDurable: (count: number) => void,
  store: (batches: Buffer[], done: (error: Error | null, batches: Buffer[]) => void) => void,
) {
  return (prepare: (batches: Buffer[]) => void = () => undefined) => {
    let arrived: Buffer[] = []
    let waiting: Buffer[] = []
    let isScheduled = false
    let isStoring = false
    const start = () => {
      if (isStoring || waiting.length === 0) return
      isStoring = true
      const startedMs = performance.now()
      const batches = waiting
      waiting = []
      store(batches, (error, { length }) => {
        if (error) throw error
        meter.flushMs.push(performance.now() - startedMs)
        isStoring = false
        onDurable(length)
        start()
      })
    }
    return (batch: Buffer) => {
      arrived.push(batch)
      if (isScheduled) return
      isScheduled = true
      setImmediate(() => {
        isScheduled = false
        prepare(arrived)
        waiting.push(...arrived)
        arrived = []
        start()
      })
    }
  }
}

async function measure(
  load: Load,
  way: string,
  start: (onDurable: (count: number) => void, meter: Meter) => () => void,
) {
  const meter = new Meter()
  const startedMs = performance.now()
  const cpuBefore = process.cpuUsage()
  await new Promise<void>(resolve => {
    let issued = 0
    let durable = 0
    const send = start(count => {
      durable += count
      if (durable === load.totalBatches) return resolve()
      // As from the network: the next ones arrive in a later turn.
      setImmediate(() => {
        for (let i = 0; i < count && issued < load.totalBatches; i++, issued++) send()
      })
    }, meter)
    for (; issued < load.inFlight; issued++) send()
  })
  const tookMs = performance.now() - startedMs
  const cpu = process.cpuUsage(cpuBefore)
  const flushMs = meter.flushMs.toSorted((a, b) => a - b)
  const result: Result = {
    load: load.name,
    way,
    megabytesPerSecond: (load.totalBatches * load.batchSizeInBytes) / 1000 / tookMs,
    microsecondsCpuPerBatch: (cpu.user + cpu.system) / load.totalBatches,
    batchesPerFlush: load.totalBatches / flushMs.length,
    flushMsP50: flushMs[Math.floor(flushMs.length / 2)] ?? Number.NaN,
    flushMsP99: flushMs[Math.floor(flushMs.length * 0.99)] ?? Number.NaN,
    longestBlockMs: meter.longestBlockMs,
  }
  return result
}

async function measureBareFile(load: Load, way: string, path: string): Promise<Result> {
  const { O_RDWR, O_CREAT, O_DSYNC } = fs.constants
  const file = fs.openSync(path, O_RDWR | O_CREAT | (way.includes('DSYNC') ? O_DSYNC : 0))
  const batch = Buffer.alloc(load.batchSizeInBytes, 7)
  const result = await measure(load, way, (onDurable, meter) => {
    const send = ways[way]!(file, meter, onDurable)
    return () => send(batch)
  })
  fs.closeSync(file)
  fs.unlinkSync(path)
  return result
}

interface LogOptions {
  durability: 'fsync' | 'os'
  partitionCount?: number
  maxConcurrentFlushes?: number
}

/** Batches go to the partitions in turn. */
async function measureLog(load: Load, options: LogOptions, path: string): Promise<Result> {
  const { partitionCount = 1, maxConcurrentFlushes = 3, durability } = options
  const ignore = () => undefined
  const logger = { debug: ignore, info: ignore, warn: console.warn, error: console.error }
  const directory = await LogDirectory.open({ path, logger, durability, maxConcurrentFlushes })
  const topic = { topic: 'bench', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', config: defaultLogConfig }
  const logs = await Promise.all(
    Array.from({ length: partitionCount }, (_, partition) => directory.create({ ...topic, partition })),
  )
  const records = Array.from({ length: Math.ceil(load.batchSizeInBytes / 1024) }, () => ({
    timestamp: Date.now(),
    key: null,
    value: Buffer.alloc(1024 - 80, 7),
    headers: [],
  }))
  const batch = buildRecordBatch({ baseOffset: 0, records })
  // Appending takes a buffer over and writes into it: each needs its own, as each has it that comes from the network.
  const frames = Array.from({ length: load.totalBatches }, () => {
    const frame = Buffer.allocUnsafeSlow(batch.length)
    batch.copy(frame)
    return frame
  })
  let next = 0
  const more = partitionCount > 1 ? `, ${partitionCount} partitions, ${maxConcurrentFlushes} flushes at once` : ''
  const result = await measure(load, `the log, durability ${durability}${more}`, (onDurable, meter) => {
    for (const log of logs) {
      let lastFlushMs = performance.now()
      log.onHighWatermark(() => {
        meter.flushMs.push(performance.now() - lastFlushMs)
        lastFlushMs = performance.now()
      })
    }
    return () => {
      const log = logs[next % partitionCount]!
      const { nextOffset } = log.append(frames[next++]!, { origin: 'client' })
      log.whenDurable(nextOffset, error => {
        if (error) throw error
        onDurable(1)
      })
    }
  })
  await directory.close()
  await rm(path, { recursive: true })
  return result
}

function sizeOf(buffers: Buffer[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0)
}

const root = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'ottla-write-path-'))
try {
  const results: Result[] = []
  for (const load of loads) {
    for (const way of Object.keys(ways)) results.push(await measureBareFile(load, way, join(root, 'file')))
    for (const durability of ['fsync', 'os'] as const) {
      results.push(await measureLog(load, { durability }, join(root, 'data')))
    }
  }
  const spread = { name: '40 x 16 KiB', batchSizeInBytes: 16_384, inFlight: 40, totalBatches: 8000 }
  for (const maxConcurrentFlushes of [1, 2, 3, 4]) {
    const options = { durability: 'fsync', partitionCount: 8, maxConcurrentFlushes } as const
    results.push(await measureLog(spread, options, join(root, 'data')))
  }
  console.table(
    results.map(result =>
      Object.fromEntries(
        Object.entries(result).map(([key, value]) => [
          key,
          typeof value === 'number' ? Number(value.toFixed(2)) : value,
        ]),
      ),
    ),
  )
} finally {
  await rm(root, { recursive: true, force: true })
}
