/**
 * `startOttla()`: a broker inside a test. By default in a temporary directory and on a free port; prints nothing, keeps no process alive
 * by itself once stopped, and leaves no file behind.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Broker, formatHostAndPort, Settings, silentLogger } from '@ottla/broker'

export interface TopicOptions {
  /** Default 1. */
  partitions?: number
  /** Topic settings by Kafka's names: `{ 'retention.ms': '60000' }`. */
  configs?: Readonly<Record<string, string>>
}

/** pino's shape: a pino logger can be passed as it is. Declared here because the published types stand alone. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface StartOttlaOptions {
  /** Topics that are there from the start, by name. */
  topics?: Readonly<Record<string, TopicOptions>>
  /** `HOST:PORT` to listen on. Default `127.0.0.1:0`: a free port of the system's choice. */
  listen?: string
  /** A directory that is kept. Default: a temporary one, removed by `stop()`. */
  dataDir?: string
  /** `fsync`: acknowledged means on the disk. Default `os`: the page cache is trusted, which is faster. */
  durability?: 'fsync' | 'os'
  /** Broker settings by Kafka's names: `{ 'num.partitions': '3' }`. */
  settings?: Readonly<Record<string, string>>
  /** pino's shape. Default: nothing is logged. */
  logger?: Logger
}

export interface Ottla extends AsyncDisposable {
  /** What a client takes as its brokers: `['127.0.0.1:49321']`. */
  readonly brokers: string[]
  readonly host: string
  readonly port: number
  readonly dataDir: string
  /** Resolves when all is stopped and the temporary directory is gone. May be called more than once. */
  stop(): Promise<void>
}

/**
 * Starts a broker; resolves when it answers.
 * Rejects with a SettingError, a StorageError, a KafkaError (a topic that can't be created) or the system's error (a port in use).
 */
export async function startOttla(options: StartOttlaOptions = {}): Promise<Ottla> {
  const { topics = {}, listen = '127.0.0.1:0', durability = 'os', logger = silentLogger } = options
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'ottla-')))
  const removeDirectory = async () => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
  }
  let broker: Broker
  try {
    const properties = new Map(Object.entries(options.settings ?? {}))
    properties.set('listeners', `PLAINTEXT://${listen}`)
    properties.set('log.dirs', dataDir)
    broker = await Broker.start({ settings: new Settings(properties, logger), logger, durability })
  } catch (error) {
    await removeDirectory()
    throw error
  }
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= broker.stop().finally(removeDirectory)
    return stopped
  }
  try {
    for (const [name, { partitions = 1, configs = {} }] of Object.entries(topics)) {
      const overrides = new Map(Object.entries(configs))
      if (broker.metadata.topic(name) === undefined) {
        await broker.metadata.createTopic({ name, partitionCount: partitions, overrides })
      }
    }
  } catch (error) {
    await stop()
    throw error
  }
  const [address] = broker.addresses
  if (address === undefined) throw new Error('A broker that has started listens')
  return {
    brokers: broker.addresses.map(formatHostAndPort),
    host: address.host,
    port: address.port,
    dataDir,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
