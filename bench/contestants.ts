/** The servers that the bench compares, each as its users start it: with its defaults. */
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { APACHE_KAFKA_VERSION } from '../test/apache-kafka/installation.ts'
import { startApacheKafka } from '../test/apache-kafka/server.ts'
import { startOttlaProcess } from '../test/support/ottla-process.ts'

export type RunningServer = {
  readonly address: string
  readonly port: number
  readonly pid: number
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<unknown>
  start(): Promise<void>
  /** From the start of the process to its first answer to a Metadata request. */
  readonly startMs: number
}

export type Contestant = {
  name: string
  version: string
  start(directory: string): Promise<RunningServer>
}

const ottlaVersion = (
  JSON.parse(readFileSync(join(import.meta.dirname, '..', 'packages', 'ottla', 'package.json'), 'utf8')) as {
    version: string
  }
).version

export const contestants: Record<string, Contestant> = {
  'apache-kafka': {
    name: 'Apache Kafka',
    version: APACHE_KAFKA_VERSION,
    start: directory => startApacheKafka({ directory }),
  },
  ottla: {
    name: 'Ottla',
    version: ottlaVersion,
    start: async directory => {
      await mkdir(directory, { recursive: true })
      return startOttlaProcess({ dataDirectory: directory, settings: { 'group.initial.rebalance.delay.ms': 0 } })
    },
  },
}
