/**
 * One broker of a test, with everything around it.
 *
 *     running ──kill──▶ killed ──restart──▶ running          reset, snapshot: running ──▶ running, the core begun anew
 *        └────────────────┴──stop──▶ stopped
 *
 * Changes of state happen one after the other. What reads the broker's records ends when the core that it reads is gone.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Broker, formatHostAndPort, Settings, silentLogger } from '@ottla/broker'
import type {
  Ottla,
  OttlaClock,
  OttlaFaults,
  OttlaGroups,
  OttlaRecord,
  ReadOptions,
  RecordInput,
  RecordPosition,
  StartOttlaOptions,
  WaitOptions,
} from './api.ts'
import { createClock, MovableTime } from './clock.ts'
import { copyDirectory } from './directories.ts'
import { createFaults } from './faults.ts'
import { FaultyDisk } from './faulty-disk.ts'
import { createGroups } from './groups.ts'
import { produceRecords } from './produce.ts'
import { readRecords } from './records.ts'
import type { RequestFaults } from './request-faults.ts'
import { StartState } from './start-state.ts'
import { waitForRecord } from './wait-for.ts'

const testDefaults: readonly (readonly [name: string, value: string])[] = [
  ['group.initial.rebalance.delay.ms', '0'],
  ['offsets.topic.num.partitions', '1'],
  ['transaction.state.log.num.partitions', '1'],
]
const defaultWaitMs = 5_000

/** Rejects as `startOttla` does, and leaves nothing behind then. `owned`: a directory that goes when the broker stops. */
export async function startInstance(options: StartOttlaOptions, owned?: string): Promise<Ottla> {
  const temporary = options.dataDir === undefined ? await mkdtemp(join(tmpdir(), 'ottla-')) : null
  const instance = new Instance(
    options,
    [temporary, owned].filter(path => typeof path === 'string'),
  )
  try {
    await instance.begin()
  } catch (error) {
    await instance.stop()
    throw error
  }
  return instance
}

class Instance implements Ottla {
  readonly dataDir: string
  readonly clock: OttlaClock
  readonly faults: OttlaFaults
  readonly groups: OttlaGroups
  readonly #options: StartOttlaOptions
  /** Removed at the end. */
  readonly #temporary: string[]
  readonly #time = new MovableTime()
  readonly #requestFaults: RequestFaults
  /** Paths in the data directory that are not as `#startState` has them. */
  readonly #touched = new Set<string>()
  /** Saved by the first reset. */
  #startState: StartState | null = null
  #disk: FaultyDisk
  #broker: Broker | null = null
  #listen: string
  #host = ''
  #port = 0
  /** Aborts when the core is gone that is now there. */
  #core = new AbortController()
  #change: Promise<unknown> = Promise.resolve()
  #stopped: Promise<void> | undefined

  constructor(options: StartOttlaOptions, temporary: string[]) {
    this.#options = options
    this.#temporary = temporary
    this.#disk = this.#newDisk()
    this.#listen = options.listen ?? '127.0.0.1:0'
    this.dataDir = options.dataDir ?? join(temporary[0]!, 'data')
    this.clock = createClock(this.#time, () => this.#running)
    this.groups = createGroups(() => this.#running)
    const { faults, requests } = createFaults({
      setDiskFull: isFull => {
        this.#disk.isFull = isFull
      },
      kill: () => this.#exclusively(() => this.#kill()),
      restart: () => this.#exclusively(() => this.#restart()),
    })
    this.faults = faults
    this.#requestFaults = requests
  }

  /** To be called once, before anything else. */
  async begin(): Promise<void> {
    const { from } = this.#options
    if (from !== undefined) {
      await mkdir(this.dataDir)
      await copyDirectory(from, this.dataDir)
    }
    await this.#start()
    const [address] = this.#running.addresses
    if (address === undefined) throw new Error('A broker that has started listens')
    this.#host = address.host
    this.#port = address.port
    this.#listen = formatHostAndPort(address)
    await this.#createTopics()
  }

  get brokers(): string[] {
    return [formatHostAndPort(this)]
  }

  get host(): string {
    return this.#host
  }

  get port(): number {
    return this.#port
  }

  produce(topic: string, records: RecordInput | readonly RecordInput[]): Promise<RecordPosition[]> {
    const list = Array.isArray(records) ? (records as readonly RecordInput[]) : [records as RecordInput]
    return produceRecords(this.#running, { topic, records: list, nowMs: this.clock.now() })
  }

  records(topic: string, options: ReadOptions = {}): AsyncIterable<OttlaRecord> {
    return readRecords(this.#running, topic, { ...options, signal: this.#core.signal })
  }

  waitFor(
    topic: string,
    predicate: (record: OttlaRecord) => boolean,
    { timeoutMs = defaultWaitMs }: WaitOptions = {},
  ): Promise<OttlaRecord> {
    const broker = this.#running
    const records = (signal: AbortSignal) => readRecords(broker, topic, { follow: true, signal, waitsForTopic: true })
    return waitForRecord({ topic, predicate, timeoutMs, signal: this.#core.signal, records })
  }

  reset(): Promise<void> {
    return this.#exclusively(async () => {
      if (this.#options.dataDir !== undefined)
        throw new Error(`${this.dataDir} is kept: reset() works on temporary directories only`)
      this.faults.clear()
      await this.#backToStart(() => this.#beginAnew())
      if (this.#startState !== null) return
      // From now on a reset costs no more than what has happened since.
      await this.#createTopics()
      const saved = `${this.dataDir}-start`
      await this.#save(saved, () => this.#touched.clear())
      this.#startState = new StartState({ saved, dataDir: this.dataDir })
    })
  }

  snapshot({ path }: { path?: string } = {}): Promise<string> {
    return this.#exclusively(async () => {
      if (path !== undefined) {
        await this.#save(path)
        return path
      }
      const directory = await mkdtemp(join(tmpdir(), 'ottla-snapshot-'))
      this.#temporary.push(directory)
      await this.#save(join(directory, 'data'))
      return join(directory, 'data')
    })
  }

  async fork(options: Omit<StartOttlaOptions, 'from'> = {}): Promise<Ottla> {
    const directory = await mkdtemp(join(tmpdir(), 'ottla-fork-'))
    try {
      const from = join(directory, 'data')
      await this.#exclusively(() => this.#save(from))
      const { settings, durability, logger } = this.#options
      const own = { ...(settings && { settings }), ...(durability && { durability }), ...(logger && { logger }) }
      return await startInstance({ ...own, ...options, from }, directory)
    } catch (error) {
      await rm(directory, { recursive: true, force: true })
      throw error
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#exclusively(() => this.#stop())
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #newDisk(): FaultyDisk {
    return new FaultyDisk({ flushes: this.#options.durability === 'fsync', touched: this.#touched })
  }

  get #running(): Broker {
    if (this.#broker === null) throw new Error(this.#stopped ? 'The broker is stopped' : 'The broker has been killed')
    return this.#broker
  }

  /** One change of state at a time, in the order in which they were asked for. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#change.then(work)
    this.#change = done.catch(() => undefined) // told to the caller
    return done
  }

  async #start(): Promise<void> {
    const { settings = {}, durability = 'os', logger = silentLogger } = this.#options
    const properties = new Map([...testDefaults, ...Object.entries(settings)])
    properties.set('listeners', `PLAINTEXT://${this.#listen}`)
    properties.set('log.dirs', this.dataDir)
    this.#disk = this.#newDisk()
    this.#core = new AbortController()
    this.#broker = await Broker.start({
      settings: new Settings(properties, logger),
      logger,
      durability,
      clock: this.#time,
      monotonicMs: this.#time.monotonicMs,
      fileSystem: () => this.#disk.fileSystem,
      requestHook: this.#requestFaults.hook,
    })
  }

  async #createTopics(): Promise<void> {
    const { metadata, logs } = this.#running
    for (const [name, { partitions = 1, configs = {}, records = [] }] of Object.entries(this.#options.topics ?? {})) {
      const overrides = new Map(Object.entries(configs))
      if (metadata.topic(name) === undefined)
        await metadata.createTopic({ name, partitionCount: partitions, overrides })
      const isNew = (logs.get(name, 0)?.logEndOffset ?? 0) === 0
      if (isNew && records.length > 0) await this.produce(name, records)
    }
  }

  /** `work` puts the directory in the state of the start; what there is is given up. */
  async #backToStart(work: () => Promise<void>): Promise<void> {
    const begin = async () => {
      await this.#disk.kill()
      await work()
      this.#time.reset()
      this.#disk = this.#newDisk()
    }
    if (this.#broker === null) {
      await begin()
      await this.#start()
    } else {
      this.#endCore('the broker was reset')
      await this.#broker.reopen(begin, { discards: true })
    }
  }

  async #beginAnew(): Promise<void> {
    if (this.#startState !== null) {
      this.#startState.restore(this.#touched)
      this.#touched.clear()
      return
    }
    await rm(this.dataDir, { recursive: true })
    const { from } = this.#options
    if (from === undefined) return
    await mkdir(this.dataDir)
    await copyDirectory(from, this.dataDir)
  }

  /** The broker goes on in any case. */
  async #save(target: string, onSaved?: () => void): Promise<void> {
    const broker = this.#running
    await mkdir(target)
    this.#endCore('the broker was stopped for a snapshot')
    let copied: Promise<void> | undefined
    await broker.reopen(async () => {
      copied = copyDirectory(this.dataDir, target)
      await copied.then(onSaved, () => undefined) // a failure is told below
    })
    await copied
  }

  #endCore(reason: string): void {
    this.#core.abort(new Error(`Reading has ended: ${reason}`))
    this.#core = new AbortController()
  }

  async #kill(): Promise<void> {
    const broker = this.#running
    this.#endCore('the broker was killed')
    this.#broker = null
    await Promise.all([broker.kill(), this.#disk.kill()])
  }

  async #restart(): Promise<void> {
    const broker = this.#broker
    this.#broker = null
    if (broker !== null) {
      this.#endCore('the broker was restarted')
      await broker.stop()
    }
    await this.#start()
  }

  async #stop(): Promise<void> {
    const broker = this.#broker
    this.#broker = null
    this.#endCore('the broker was stopped')
    this.faults.clear()
    try {
      await broker?.stop()
    } finally {
      await Promise.all(this.#temporary.map(path => rm(path, { recursive: true, force: true })))
    }
  }
}
