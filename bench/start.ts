/**
 * How long a start takes, from the start of the process to its ready line: of an empty directory, of 1 GB in one partition, and of 2,000
 * partitions; after a clean stop, and after a `kill -9` that came before any recovery point was stored, which is the worst there is. Each is
 * started several times on a fresh copy of the state; the smallest and the median time count, since a busy machine only adds. The CPU time of
 * the process (all its threads) is what other work adds least to.
 *
 *   node bench/start.ts [DIRECTORY]      DIRECTORY on the disk that is to be measured; default: the system's temporary one
 *
 * The files are in the page cache, as they are after a kill.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Broker, Settings, silentLogger } from '@ottla/broker'
import { buildRecordBatch } from '@ottla/protocol'
import { usageOf } from './process-usage.ts'

const rounds = 5
const cleanShutdownFile = '.kafka_cleanshutdown'
const recoveryPointFile = 'recovery-point-offset-checkpoint'
const ottla = join(import.meta.dirname, '..', 'packages', 'ottla', 'src', 'bin.ts')

interface State {
  name: string
  topics: Readonly<Record<string, number>>
  /** Written to partition 0 of each topic. */
  bytes: number
  goalMs: { clean: number; killed: number } | null
}

const states: readonly State[] = [
  { name: 'empty', topics: {}, bytes: 0, goalMs: null },
  { name: '1 GB, one partition', topics: { orders: 1 }, bytes: 1_000_000_000, goalMs: { clean: 300, killed: 1000 } },
  {
    name: '2,000 partitions',
    topics: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`topic-${i}`, 100])),
    bytes: 20_000,
    goalMs: { clean: 3000, killed: 3000 },
  },
]

interface Start {
  tookMs: number
  cpuMs: number
}

const root = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'ottla-start-'))
try {
  console.log('| state | stop | smallest, ms | median, ms | CPU, ms | goal, ms |')
  console.log('| --- | --- | ---: | ---: | ---: | ---: |')
  for (const [i, state] of states.entries()) {
    const directory = join(root, `state-${i}`)
    await prepare(directory, state)
    for (const stop of ['clean', 'killed'] as const) {
      if (stop === 'killed') {
        await rm(join(directory, cleanShutdownFile), { force: true })
        await rm(join(directory, recoveryPointFile), { force: true })
      }
      const starts: Start[] = []
      for (let round = 0; round < rounds; round++) starts.push(await timeStart(directory))
      const times = starts.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
      const cpu = Math.min(...starts.map(({ cpuMs }) => cpuMs))
      const figures = [times[0]!, times[rounds >> 1]!, cpu].map(ms => ms.toFixed(0))
      const cells = [state.name, stop, ...figures, state.goalMs?.[stop] ?? '']
      console.log(`| ${cells.join(' | ')} |`)
    }
  }
} finally {
  await rm(root, { recursive: true, force: true })
}

async function prepare(directory: string, { topics, bytes }: State): Promise<void> {
  const properties = new Map([
    ['listeners', 'PLAINTEXT://127.0.0.1:0'],
    ['log.dirs', directory],
  ])
  const broker = await Broker.start({
    settings: new Settings(properties, silentLogger),
    logger: silentLogger,
    durability: 'os',
  })
  for (const [name, partitionCount] of Object.entries(topics)) {
    await broker.metadata.createTopic({ name, partitionCount, overrides: new Map() })
    const log = broker.logs.get(name, 0)!
    const value = Buffer.alloc(1000, 'x')
    while (log.sizeInBytes < bytes) {
      const records = Array.from({ length: 16 }, () => ({ timestamp: Date.now(), key: null, value, headers: [] }))
      log.append(Buffer.from(buildRecordBatch({ baseOffset: 0, records })), { origin: 'client' })
      if (log.logEndOffset % 16_000 === 0) await log.flush()
    }
  }
  await broker.stop()
}

/** On a copy: a start changes what it finds. */
async function timeStart(directory: string): Promise<Start> {
  const copy = `${directory}-copy`
  await cp(directory, copy, { recursive: true, preserveTimestamps: true })
  const startedAt = performance.now()
  const child = spawn(process.execPath, [ottla, 'start', '--listen', '127.0.0.1:0', '--data-dir', copy], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(createInterface(child.stdout!), 'line')
  const tookMs = performance.now() - startedAt
  const cpuMs = usageOf(child.pid!).cpuSeconds * 1000
  child.kill('SIGKILL')
  await once(child, 'close')
  await rm(copy, { recursive: true })
  return { tookMs, cpuMs }
}
