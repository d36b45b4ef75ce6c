/** A real broker in a directory of its own, for one test: started, restarted, and gone without a trace. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AnyApi, buildRecordBatch, type RequestInput, type Response } from '@ottla/protocol'
import { Broker } from '../broker.ts'
import type { Logger } from '../logger.ts'
import type { Topic } from '../metadata/metadata.ts'
import { Settings } from '../settings/settings.ts'
import { RawClient } from './raw-client.ts'

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

export class TestBroker implements AsyncDisposable {
  readonly path: string
  /** Everything that was logged, over restarts. */
  readonly log: LoggedLine[] = []
  #settings: Readonly<Record<string, string>>
  #broker: Broker | null = null
  readonly #clients: RawClient[] = []
  #shared: Promise<RawClient> | null = null

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<TestBroker> {
    const test = new TestBroker(await mkdtemp(join(tmpdir(), 'ottla-broker-')), settings)
    await test.#start()
    return test
  }

  private constructor(path: string, settings: Readonly<Record<string, string>>) {
    this.path = path
    this.#settings = settings
  }

  get broker(): Broker {
    if (this.#broker === null) throw new Error('the broker is stopped')
    return this.#broker
  }

  get port(): number {
    return this.broker.addresses[0]!.port
  }

  async connect(): Promise<RawClient> {
    const client = await RawClient.connect({ port: this.port })
    this.#clients.push(client)
    return client
  }

  /** One request on a connection that all such requests share. */
  async request<A extends AnyApi>(api: A, version: number, body: RequestInput<A>): Promise<Response<A>> {
    this.#shared ??= this.connect()
    return (await this.#shared).request(api, version, body)
  }

  createTopic(
    name: string,
    options: { partitions?: number; overrides?: Readonly<Record<string, string>> } = {},
  ): Promise<Topic> {
    const { partitions = 1, overrides = {} } = options
    return this.broker.metadata.createTopic({
      name,
      partitionCount: partitions,
      overrides: new Map(Object.entries(overrides)),
    })
  }

  /** Stops in order and starts again on the same directory. */
  async restart(settings = this.#settings): Promise<void> {
    await this.stop()
    this.#settings = settings
    await this.#start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map(client => client.close()))
    this.#shared = null
    await this.#broker?.stop()
    this.#broker = null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.path, { recursive: true, force: true })
  }

  async #start(): Promise<void> {
    const logger = this.#logger()
    const properties = { listeners: 'PLAINTEXT://127.0.0.1:0', 'log.dirs': join(this.path, 'data'), ...this.#settings }
    const settings = new Settings(new Map(Object.entries(properties)), logger)
    this.#broker = await Broker.start({ settings, logger, durability: 'os' })
  }

  #logger(): Logger {
    const note =
      (level: LoggedLine['level']) =>
      (fields: object, message: string): void => {
        this.log.push({ level, fields: fields as LoggedLine['fields'], message })
      }
    return { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  }
}

/** Every version that an API is served in. */
export function versionsOf({ versions: { lowest, highestStable } }: AnyApi): number[] {
  return Array.from({ length: highestStable - lowest + 1 }, (_, index) => lowest + index)
}

/** A record batch as a producer sends it, one record for each value. */
export function batchOf(
  values: readonly string[],
  options: Partial<Parameters<typeof buildRecordBatch>[0]> = {},
): Buffer {
  return buildRecordBatch({
    baseOffset: 0,
    records: values.map((value, index) => ({
      timestamp: 1_700_000_000_000 + index,
      key: null,
      value: Buffer.from(value),
      headers: [],
    })),
    ...options,
  })
}
