/**
 * `npm run bench`: Apache Kafka and Ottla in one run, taking turns (A B, B A, A B …) so that a machine that grows slower or
 * faster meanwhile favours neither. See bench/README.md.
 *
 *   npm run bench                              three turns each, about seven minutes
 *   npm run bench -- --quick                   one short turn each
 *   npm run bench -- --only produce,consume    some of: start, produce, consume, latency, join, commit, transactions
 *   npm run bench -- --servers ottla,ottla     the same against the same: how far figures differ by chance
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { whyNoApacheKafka } from '../test/apache-kafka/installation.ts'
import { type Contestant, contestants } from './contestants.ts'
import { describeMachine, isInMemory, type Machine } from './machine.ts'
import { type Load, measureTurn, type Part, parts, type Turn } from './measures.ts'
import { markdown, type Run } from './report.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: parts.join(',') },
    servers: { type: 'string', default: 'apache-kafka,ottla' },
    turns: { type: 'string' },
    records: { type: 'string' },
    /** Where the servers keep their data: the disk that is measured. */
    directory: { type: 'string', default: tmpdir() },
  },
})

const load: Load = values.quick
  ? { records: 200_000, warmUpRecords: 50_000, latencyRecords: 1_000, recordBytes: 1024, coordinatorSeconds: 3 }
  : { records: 500_000, warmUpRecords: 100_000, latencyRecords: 3_000, recordBytes: 1024, coordinatorSeconds: 9 }
if (values.records !== undefined) load.records = positive('--records', values.records)
const turnCount = values.turns === undefined ? (values.quick ? 1 : 3) : positive('--turns', values.turns)
const wanted = new Set(values.only.split(',').map(asPart))
const pair = values.servers.split(',').map(asContestant)
if (pair.length !== 2) fail('--servers takes two names')

const missing = await whyNoApacheKafka()
if (missing !== false) fail(`${missing}: the bench measures with Apache Kafka's own tools`)
if (isInMemory(values.directory)) {
  console.error(`Note: ${values.directory} is in memory, where a flush costs nothing. --directory chooses a disk.`)
}

const directory = await mkdtemp(join(values.directory, 'ottla-bench-'))
try {
  const run = await runTurns(describeMachine(directory), pair as [Contestant, Contestant])
  const report = markdown(run)
  console.log(`\n${report}`)
  if (!values.quick) await keep(run, report)
} finally {
  await rm(directory, { recursive: true, force: true })
}

async function runTurns(machine: Machine, both: [Contestant, Contestant]): Promise<Run> {
  const turns: [Turn[], Turn[]] = [[], []]
  for (let round = 0; round < turnCount; round++) {
    const order: (0 | 1)[] = round % 2 === 0 ? [0, 1] : [1, 0]
    for (const side of order) {
      const contestant = both[side]
      const turn = await measureTurn({ contestant, directory: join(directory, contestant.name), load, wanted })
      turns[side].push(turn)
      console.error(`Turn ${round + 1} of ${turnCount}, ${contestant.name}: ${summary(turn)}`)
    }
  }
  const named = both.map(({ name, version }) => ({ name, version })) as Run['contestants']
  return { date: new Date().toISOString(), machine, load, contestants: named, turns }
}

async function keep(run: Run, report: string): Promise<void> {
  const folder = join(import.meta.dirname, 'results')
  const { cores, cpu } = run.machine
  const host = `${cores}-cores-${cpu}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/-$/, '')
  const servers = run.contestants.every(({ name }) => name === run.contestants[0].name) ? '-same-against-same' : ''
  const path = join(folder, `${run.date.slice(0, 10)}-${host}${servers}`)
  await mkdir(folder, { recursive: true })
  await writeFile(`${path}.json`, `${JSON.stringify(run, null, 2)}\n`)
  await writeFile(`${path}.md`, report)
  console.log(`Kept in ${path}.{json,md}`)
}

function summary(turn: Turn): string {
  return Object.entries(turn)
    .map(([name, value]) => `${name} ${value.toFixed(1)}`)
    .join(', ')
}

function asPart(name: string): Part {
  if (!parts.includes(name as Part)) fail(`--only knows ${parts.join(', ')}, not "${name}"`)
  return name as Part
}

function asContestant(name: string): Contestant {
  return contestants[name] ?? fail(`--servers knows ${Object.keys(contestants).join(', ')}, not "${name}"`)
}

function positive(option: string, text: string): number {
  const number = Number(text)
  return Number.isSafeInteger(number) && number > 0
    ? number
    : fail(`${option} takes a whole number above 0, not "${text}"`)
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
