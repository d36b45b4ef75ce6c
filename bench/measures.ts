/** One turn: a server is started on an empty directory, loaded by Kafka's own tools, measured, and stopped. */
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { apacheKafka } from '../test/apache-kafka/installation.ts'
import { runTool } from '../test/apache-kafka/tools.ts'
import { whenBrokerAnswers } from '../test/support/ready.ts'
import type { Contestant, RunningServer } from './contestants.ts'
import { usageOf } from './process-usage.ts'

export type Load = {
  records: number
  warmUpRecords: number
  latencyRecords: number
  recordBytes: number
  coordinatorSeconds: number
}
export const parts = ['start', 'produce', 'consume', 'latency', 'join', 'commit', 'transactions'] as const
export type Part = (typeof parts)[number]

/** Figures of a turn by the names of `figures`; a part that was not asked for leaves its figures out. */
export type Turn = Partial<Record<FigureName, number>>
export type FigureName =
  | 'startMs'
  | 'restartMs'
  | 'idleRssMib'
  | 'loadedRssMib'
  | 'produceMbPerSecond'
  | 'produceP99Ms'
  | 'produceCpuSecondsPerGb'
  | 'consumeMbPerSecond'
  | 'consumeCpuSecondsPerGb'
  | 'ackP50Microseconds'
  | 'ackP99Microseconds'
  | 'endToEndP50Microseconds'
  | 'endToEndP99Microseconds'
  | 'classicJoinMs'
  | 'consumerJoinMs'
  | 'commitsPerSecond'
  | 'transactionsPerSecond'

/** As Kafka's own script starts its performance tools. */
const PERFORMANCE_JVM = ['-Xmx512m', '-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20']
const IDLE_MS = 2_000
const TOOL_TIMEOUT_MS = 600_000
const TOPIC = 'bench'
/** Of the group that is joined; its topic has as many partitions. */
const MEMBERS = 50
/** That commit offsets or transactions at the same time: what a group commit of the log is for. */
const CLIENTS = 16

export async function measureTurn(options: {
  contestant: Contestant
  directory: string
  load: Load
  wanted: ReadonlySet<Part>
}): Promise<Turn> {
  const { contestant, directory, load, wanted } = options
  const turn: Turn = {}
  const server = await contestant.start(directory)
  try {
    turn.startMs = server.startMs
    await sleep(IDLE_MS)
    turn.idleRssMib = usageOf(server.pid).rssBytes / 2 ** 20
    if (wanted.has('produce') || wanted.has('consume')) {
      await createTopic(server, 'warm-up')
      await produce(server, 'warm-up', load.warmUpRecords, load.recordBytes)
      await createTopic(server, TOPIC)
      Object.assign(turn, await produce(server, TOPIC, load.records, load.recordBytes))
    }
    if (wanted.has('consume')) {
      await consume(server, 'warm-up', load.warmUpRecords, load.recordBytes)
      Object.assign(turn, await consume(server, TOPIC, load.records, load.recordBytes))
    }
    if (wanted.has('latency')) {
      await createTopic(server, 'latency')
      Object.assign(turn, await latency(server, 'latency', load))
    }
    if (wanted.has('join')) {
      for (const protocol of ['classic', 'consumer'] as const) {
        await createTopic(server, protocol, MEMBERS)
        turn[`${protocol}JoinMs`] = await coordinators(['join', server.address, protocol, MEMBERS, protocol])
      }
    }
    if (wanted.has('commit')) {
      await createTopic(server, 'commit')
      turn.commitsPerSecond = await coordinators(['commit', server.address, 'commit', CLIENTS, load.coordinatorSeconds])
    }
    if (wanted.has('transactions')) {
      await createTopic(server, 'transactions')
      const args = ['transactions', server.address, 'transactions', CLIENTS, load.coordinatorSeconds]
      turn.transactionsPerSecond = await coordinators(args)
    }
    turn.loadedRssMib = usageOf(server.pid).rssBytes / 2 ** 20
    if (wanted.has('start')) {
      await server.stop()
      await server.start()
      turn.restartMs = server.startMs
    }
  } finally {
    await server.stop('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  }
  return turn
}

async function createTopic({ address }: RunningServer, topic: string, partitions = 1): Promise<void> {
  const words = ['--create', '--topic', topic, '--partitions', String(partitions)]
  await runTool('topics', ['--bootstrap-server', address, ...words])
}

async function produce(server: RunningServer, topic: string, records: number, recordBytes: number): Promise<Turn> {
  await whenBrokerAnswers(server.port, { timeoutMs: 10_000 })
  const before = usageOf(server.pid).cpuSeconds
  const output = await runTool(
    'producer-perf-test',
    [
      ...[
        '--topic',
        topic,
        '--num-records',
        String(records),
        '--record-size',
        String(recordBytes),
        '--throughput',
        '-1',
      ],
      ...['--command-property', `bootstrap.servers=${server.address}`, 'batch.size=16384', 'linger.ms=5', 'acks=all'],
    ],
    { jvm: PERFORMANCE_JVM, timeoutMs: TOOL_TIMEOUT_MS },
  )
  const cpuSeconds = usageOf(server.pid).cpuSeconds - before
  const last = output.trim().split('\n').at(-1) ?? ''
  const found = /\((?<mib>[\d.]+) MB\/sec\).*, (?<p99>[\d.]+) ms 99th/.exec(last)?.groups
  if (found === undefined) throw new Error(`can't read what the producer tool printed:\n${output}`)
  return {
    produceMbPerSecond: Number(found.mib) * MIB_IN_MB,
    produceP99Ms: Number(found.p99),
    produceCpuSecondsPerGb: cpuSeconds / ((records * recordBytes) / 1e9),
  }
}

async function consume(server: RunningServer, topic: string, records: number, recordBytes: number): Promise<Turn> {
  const before = usageOf(server.pid).cpuSeconds
  const output = await runTool(
    'consumer-perf-test',
    ['--bootstrap-server', server.address, '--topic', topic, '--num-records', String(records)],
    { jvm: PERFORMANCE_JVM, timeoutMs: TOOL_TIMEOUT_MS },
  )
  const cpuSeconds = usageOf(server.pid).cpuSeconds - before
  const [header, values] = output
    .trim()
    .split('\n')
    .slice(-2)
    .map(line => line.split(', '))
  // Without the time to join the group, which is the coordinator's and not the log's.
  const mibPerSecond = Number(values?.[header?.indexOf('fetch.MB.sec') ?? -1])
  const received = Number(values?.[header?.indexOf('data.consumed.in.nMsg') ?? -1])
  if (Number.isNaN(mibPerSecond)) throw new Error(`can't read what the consumer tool printed:\n${output}`)
  if (received < records) throw new Error(`the consumer received ${received} of ${records} records`)
  return {
    consumeMbPerSecond: mibPerSecond * MIB_IN_MB,
    consumeCpuSecondsPerGb: cpuSeconds / ((records * recordBytes) / 1e9),
  }
}

/** The tools' "MB" is 2^20 bytes; the table's is 10^6. */
const MIB_IN_MB = 2 ** 20 / 1e6

async function latency(server: RunningServer, topic: string, load: Load): Promise<Turn> {
  const counts = [Math.ceil(load.latencyRecords / 3), load.latencyRecords, load.recordBytes]
  const printed = await runJava('OneInFlight.java', [server.address, topic, ...counts])
  type Percentiles = { p50: number; p99: number }
  const { acknowledged, received } = JSON.parse(printed) as { acknowledged: Percentiles; received: Percentiles }
  return {
    ackP50Microseconds: acknowledged.p50,
    ackP99Microseconds: acknowledged.p99,
    endToEndP50Microseconds: received.p50,
    endToEndP99Microseconds: received.p99,
  }
}

async function coordinators(args: (string | number)[]): Promise<number> {
  const printed = await runJava('Coordinators.java', args)
  const figure = Number(printed)
  if (!(figure > 0)) throw new Error(`can't read what Coordinators.java ${args.join(' ')} printed:\n${printed}`)
  return figure
}

async function runJava(program: string, args: (string | number)[]): Promise<string> {
  const { classPath, log4jConfig } = await apacheKafka()
  const words = [`-Dlog4j2.configurationFile=${log4jConfig}`, '-cp', classPath, join(import.meta.dirname, program)]
  const { stdout } = await promisify(execFile)('java', [...PERFORMANCE_JVM, ...words, ...args.map(String)], {
    timeout: TOOL_TIMEOUT_MS,
  })
  return stdout
}
