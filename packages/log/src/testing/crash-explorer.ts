/**
 * Small workloads on a simulated disk, with the power cut during every single call of theirs and every disk that may be left examined:
 * opened, compared with what was promised, cut off again with nothing kept that recovery did not flush, and opened once more.
 */

import assert from 'node:assert/strict'
import { KafkaError } from '@ottla/protocol'
import type { Clock, Logger, Timers } from '../environment.ts'
import { defaultLogConfig } from '../log-config.ts'
import { LogDirectory } from '../log-directory.ts'
import type { PartitionLog } from '../partition-log.ts'
import { StorageError } from '../storage-error.ts'
import { batchOf, readValues, whenDurable } from './batches.ts'
import { forEveryChoice } from './simulated-disk/choices.ts'
import { SimulatedDisk } from './simulated-disk/simulated-disk.ts'
import { type CallFate, type DiskCall, SimulatedFileSystem } from './simulated-disk/simulated-file-system.ts'

export const dataPath = '/data'
const timers: Timers = { after: () => ({ cancel: () => undefined }) }
const clock: Clock = { now: () => 1_700_000_000_000 }
const say = () => undefined
const quiet: Logger = { debug: say, info: say, warn: say, error: say }
/** Two small batches fill a segment. */
export const logConfig = { ...defaultLogConfig, segmentBytes: 1600, indexIntervalBytes: 0, maxMessageBytes: 1500 }

/** What was promised about one partition. */
interface Promised {
  /** Value by offset. */
  readonly records: Map<number, string>
  readonly sent: Set<string>
  logStartOffset: number
  /** `unknown`: the call was under way when the power was cut. */
  presence: 'present' | 'unknown' | 'gone'
  leaderEpoch: number
}

export class SmallWorkload {
  readonly partitions = new Map<string, Promised>()
  #directory: LogDirectory | undefined
  readonly #fileSystem: SimulatedFileSystem
  #count = 0

  constructor(fileSystem: SimulatedFileSystem) {
    this.#fileSystem = fileSystem
  }

  async open(): Promise<void> {
    this.#directory = await openDirectory(this.#fileSystem)
  }

  async create(partition: number): Promise<void> {
    const id = this.#newId(partition)
    const directory = this.#opened
    if (directory.get('orders', partition)) return
    const promised: Promised = {
      records: new Map(),
      sent: new Set(),
      logStartOffset: 0,
      presence: 'unknown',
      leaderEpoch: 0,
    }
    this.partitions.set(id, promised)
    await directory.create({ topic: 'orders', partition, topicId: id, config: logConfig })
    promised.presence = 'present'
  }

  /** Values of these many bytes, appended in one turn and waited for. */
  async append(...sizes: number[]): Promise<void> {
    const { log, promised } = this.#first()
    await Promise.all(
      sizes.map(async size => {
        const value = `${++this.#count}${'x'.repeat(size)}`
        promised.sent.add(value)
        const { baseOffset, nextOffset } = log.append(batchOf({ values: [value] }), { origin: 'client' })
        await whenDurable(log, nextOffset)
        promised.records.set(baseOffset, value)
      }),
    )
  }

  async deleteRecords(): Promise<void> {
    const { log, promised } = this.#first()
    promised.logStartOffset = -Math.max(1, log.highWatermark) // asked for
    promised.logStartOffset = await log.deleteRecordsBefore(log.highWatermark)
  }

  async delete(partition: number): Promise<void> {
    const log = this.#opened.get('orders', partition)
    const promised = log && this.partitions.get(log.topicId)
    if (!promised) return
    promised.presence = 'unknown'
    await this.#opened.delete('orders', partition)
    promised.presence = 'gone'
  }

  async restart(): Promise<void> {
    await this.#opened.close()
    this.#directory = undefined
    await this.open()
  }

  /** One step after the other. One that fails as a disk fails is passed over; anything else that is thrown is a bug. */
  async runLeniently(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      try {
        if (!this.#directory) await this.open()
        await step(this)
      } catch (error) {
        if (error instanceof StorageError) continue
        if (!(error instanceof KafkaError && error.errorName === 'KAFKA_STORAGE_ERROR')) throw error
      }
    }
  }

  get #opened(): LogDirectory {
    assert.ok(this.#directory, 'the directory is not open')
    return this.#directory
  }

  #first(): { log: PartitionLog; promised: Promised } {
    const log = this.#opened.get('orders', 0)!
    return { log, promised: this.partitions.get(log.topicId)! }
  }

  #newId(partition: number): string {
    return Buffer.from(`${partition}-${++this.#count}`.padEnd(16, '.')).toString('base64url')
  }
}

export type Step = (workload: SmallWorkload) => Promise<void>

export interface Explored {
  calls: number
  disks: number
}

/** Cuts the power during each call of the steps, and after the last one. Throws an AssertionError that names the call. */
export async function explore(steps: readonly Step[], prepare: readonly Step[] = []): Promise<Explored> {
  let disks = 0
  for (let cutAt = 1; ; cutAt++) {
    const { fileSystem, workload, lastCall } = await runUntil(cutAt, steps, prepare)
    disks += await forEveryChoice(async choose => {
      try {
        await examine(fileSystem.cutPower({ choose }), workload)
      } catch (error) {
        if (error instanceof Error)
          error.message = `${lastCall ? `${lastCall.operation} ${lastCall.path}` : 'the end'}: ${error.message}`
        throw error
      }
    })
    if (!lastCall) return { calls: cutAt - 1, disks }
  }
}

async function runUntil(cutAt: number, steps: readonly Step[], prepare: readonly Step[]) {
  let lastCall: DiskCall | undefined
  let first = Number.POSITIVE_INFINITY
  const { promise: halted, resolve: halt } = Promise.withResolvers<void>()
  const fileSystem = new SimulatedFileSystem({
    disk: new SimulatedDisk(),
    choose: () => 0,
    fateOf: (call): CallFate | undefined => {
      if (call.number !== first + cutAt) return undefined
      lastCall = call
      fileSystem.halt()
      halt()
      return undefined
    },
  })
  const workload = new SmallWorkload(fileSystem)
  for (const step of prepare) await step(workload)
  first = fileSystem.callCount
  const run = async () => {
    for (const step of steps) await step(workload)
  }
  await Promise.race([run(), halted])
  return { fileSystem, workload, lastCall }
}

/** Lets each call of the steps fail in turn, or take long. Then the power is cut: once nothing stays that was not flushed, once all. */
export async function failEveryCall(
  steps: readonly Step[],
  { prepare, fate }: { prepare: readonly Step[]; fate: CallFate },
): Promise<number> {
  for (let failing = 1; ; failing++) {
    let failed: DiskCall | undefined
    let first = Number.POSITIVE_INFINITY
    const fileSystem = new SimulatedFileSystem({
      disk: new SimulatedDisk(),
      choose: count => Math.floor(count / 2),
      fateOf: call => {
        if (call.number !== first + failing) return undefined
        failed = call
        return fate
      },
      schedule: (delayMs, action) => (delayMs > 0 ? void setTimeout(action, delayMs) : queueMicrotask(action)),
    })
    const workload = new SmallWorkload(fileSystem)
    for (const step of prepare) await step(workload)
    first = fileSystem.callCount
    try {
      await workload.runLeniently(steps)
      for (const choose of [() => 0, (count: number) => count - 1]) {
        await examine(fileSystem.cutPower({ choose }), workload)
      }
    } catch (error) {
      if (error instanceof Error)
        error.message = `${failed?.operation} ${failed?.path} (call ${failing}): ${error.message}`
      throw error
    }
    if (!failed) return failing - 1
  }
}

/** Everything promised is there; what recovery shows is there after another loss of power, too. */
async function examine(disk: SimulatedDisk, workload: SmallWorkload): Promise<void> {
  const found = await inspect(disk, workload)
  const keepNothing = () => 0
  const again = await inspect(found.fileSystem.cutPower({ choose: keepNothing }), workload)
  assert.deepEqual(again.contents, found.contents, 'what recovery showed did not survive the next loss of power')
}

async function inspect(disk: SimulatedDisk, { partitions }: SmallWorkload) {
  const fileSystem = new SimulatedFileSystem({ disk, choose: () => 0 })
  const directory = await openDirectory(fileSystem)
  const logs = new Map([...directory.logs()].map(log => [log.topicId, log]))
  const contents: Record<string, { logStartOffset: number; values: string[] }> = {}
  for (const [id, promised] of partitions) {
    const log = logs.get(id)
    if (promised.presence === 'gone') assert.equal(log, undefined, 'a deleted partition is back')
    if (promised.presence === 'present') assert.ok(log, 'a partition is gone')
    if (!log) continue
    assert.equal(log.offlineReason, undefined)
    const values = await readValues(log)
    const stored = new Map(
      values.map(line => [Number(line.slice(0, line.indexOf(':'))), line.slice(line.indexOf(':') + 1)]),
    )
    for (const [offset, value] of promised.records) {
      if (offset >= log.logStartOffset) assert.equal(stored.get(offset), value, `record ${offset}`)
    }
    for (const value of stored.values()) assert.ok(promised.sent.has(value), 'a record that nobody sent')
    assert.ok(log.logStartOffset <= Math.abs(promised.logStartOffset), 'records are gone that nobody deleted')
    if (promised.logStartOffset > 0) assert.equal(log.logStartOffset, promised.logStartOffset)
    contents[id] = { logStartOffset: log.logStartOffset, values }
  }
  return { fileSystem, contents }
}

export function openDirectory(fileSystem: SimulatedFileSystem): Promise<LogDirectory> {
  return LogDirectory.open({
    path: dataPath,
    logger: quiet,
    clock,
    timers,
    random: () => 0,
    randomBytes: count => Buffer.alloc(count, 7),
    defer: queueMicrotask,
    defaultConfig: logConfig,
    fileSystem,
  })
}
