/**
 * A real single-node Apache Kafka on loopback, to compare with: a broker and its controller in one JVM, with the heap and
 * the collector that Apache Kafka's own start scripts choose. Its data lives in a temporary directory unless one is given.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { freePort } from '../support/ports.ts'
import { whenBrokerAnswers } from '../support/ready.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { apacheKafka } from './installation.ts'
import { runTool } from './tools.ts'

export type ApacheKafkaOptions = {
  /** Port of the broker; by default a free one. */
  port?: number
  /** Directory for settings and data; by default a temporary one, removed at `close`. */
  directory?: string
  /** Lines of server.properties that replace or add to the ones below. */
  settings?: Record<string, string | number>
  /** Directories with classes beside Apache Kafka's own. */
  classPath?: string[]
  /** Memory and collector of the JVM. */
  jvm?: string[]
}

export type ApacheKafka = {
  readonly address: string
  readonly port: number
  readonly pid: number
  /** Where the partitions' directories are. */
  readonly dataDirectory: string
  /** From the start of the process to the first answer that names a broker, in milliseconds. */
  readonly startMs: number
  /** Stops (SIGTERM) or kills (SIGKILL) the process and waits for its end; the data stays. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts again on the same port and directory. */
  start(): Promise<void>
  /** Stops the process and removes a temporary directory. */
  close(): Promise<void>
}

const HEAP_AND_COLLECTOR = [
  '-Xms1g',
  '-Xmx1g',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
]
const START_TIMEOUT_MS = 180_000

export async function startApacheKafka(options: ApacheKafkaOptions = {}): Promise<ApacheKafka> {
  const { jvm = HEAP_AND_COLLECTOR } = options
  const { classPath, log4jConfig } = await apacheKafka()
  const port = options.port ?? (await freePort())
  const temporary = options.directory === undefined ? await temporaryDirectory('apache-kafka') : undefined
  const directory = options.directory ?? temporary!.path
  const dataDirectory = join(directory, 'data')
  const address = `127.0.0.1:${port}`
  const properties = join(directory, 'server.properties')

  await mkdir(directory, { recursive: true })
  await writeFile(properties, serverProperties({ port, controllerPort: await freePort(), dataDirectory, ...options }))
  if (!existsSync(join(dataDirectory, 'meta.properties'))) {
    await runTool('storage', ['format', '-t', 'b3R0bGEtdGVzdC1jbHVzdA', '-c', properties])
  }

  let child: ChildProcess
  let startMs = 0
  let log = ''
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
  const start = async () => {
    const startedAt = performance.now()
    child = spawn(
      'java',
      [
        ...jvm,
        '-Djava.awt.headless=true',
        `-Dlog4j2.configurationFile=${log4jConfig}`,
        '-cp',
        [classPath, ...(options.classPath ?? [])].join(delimiter),
        'kafka.Kafka',
        properties,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', text => {
        log = (log + text).slice(-20_000)
      })
    }
    try {
      await whenBrokerAnswers(port, { timeoutMs: START_TIMEOUT_MS, child })
    } catch (error) {
      await stop('SIGKILL')
      throw new Error(`Apache Kafka did not start: ${(error as Error).message}\n${log}`)
    }
    startMs = performance.now() - startedAt
  }
  try {
    await start()
  } catch (error) {
    await temporary?.remove()
    throw error
  }

  return {
    address,
    port,
    dataDirectory,
    get pid() {
      return child.pid!
    },
    get startMs() {
      return startMs
    },
    stop,
    start,
    async close() {
      await stop(temporary === undefined ? 'SIGTERM' : 'SIGKILL') // nobody will read what is thrown away
      await temporary?.remove()
    },
  }
}

function serverProperties(
  options: ApacheKafkaOptions & { port: number; controllerPort: number; dataDirectory: string },
) {
  const { port, controllerPort, dataDirectory, settings = {} } = options
  const lines = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': dataDirectory,
    // One node holds every replica.
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // Groups form at once, as in every test of one.
    'group.initial.rebalance.delay.ms': 0,
    ...settings,
  }
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
