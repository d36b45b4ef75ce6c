/**
 * What a broker costs in a test and at the prompt: the published package, built and installed as a user has it.
 *
 *     node bench/test-kit.ts [ROUNDS]
 *
 * `ottla start` is measured from the start of Node to the line that says it is ready, in a directory that is new each time; the rest in
 * one process that has started and stopped a few brokers before. Medians and the worst of ROUNDS (default 30), and the goals.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { startOttla } from 'ottla'
import { describeMachine } from './machine.ts'
import { median } from './statistics.ts'

const rounds = Number(process.argv[2] ?? 30)
const root = join(import.meta.dirname, '..')
const scratch = mkdtempSync(join(tmpdir(), 'ottla-bench-'))

interface Row {
  what: string
  goalMs: number | null
  tookMs: number[]
}

try {
  const packageDirectory = install()
  console.log(JSON.stringify(describeMachine(scratch)))
  const rows = [
    await coldStart(join(packageDirectory, 'bin.js')),
    ...(await inProcess(join(packageDirectory, 'index.js'))),
  ]
  console.log(`\n| ${rounds} rounds | median ms | worst ms | goal ms |\n| --- | ---: | ---: | ---: |`)
  for (const { what, goalMs, tookMs } of rows) {
    const worst = Math.max(...tookMs)
    console.log(`| ${what} | ${median(tookMs).toFixed(1)} | ${worst.toFixed(1)} | ${goalMs ?? ''} |`)
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** Answers where the package is, packed and installed in an empty project. */
function install(): string {
  const built = join(scratch, 'built')
  const project = join(scratch, 'project')
  execFileSync(process.execPath, [join(root, 'scripts', 'package.ts'), built])
  const tarball = execFileSync('npm', ['pack', '--silent', '--pack-destination', scratch, built], { encoding: 'utf8' })
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"private":true}')
  const options = ['--prefer-offline', '--no-audit', '--no-fund']
  execFileSync('npm', ['install', ...options, join(scratch, tarball.trim())], { cwd: project })
  return join(project, 'node_modules', 'ottla')
}

async function coldStart(bin: string): Promise<Row> {
  const tookMs: number[] = []
  for (let round = 0; round < rounds; round++) {
    const dataDir = join(scratch, `data-${round}`)
    const startedMs = performance.now()
    const child = spawn(process.execPath, [bin, '--listen', '127.0.0.1:0', '--data-dir', dataDir], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve)
      child.once('exit', status => reject(new Error(`ottla start ended with ${status}`)))
    })
    tookMs.push(performance.now() - startedMs)
    const ended = new Promise(resolve => child.removeAllListeners('exit').once('exit', resolve))
    child.kill('SIGTERM')
    await ended
    rmSync(dataDir, { recursive: true })
  }
  return { what: '`ottla start`, cold, until it is ready', goalMs: 300, tookMs }
}

async function inProcess(index: string): Promise<Row[]> {
  const start = (await import(index)).startOttla as typeof startOttla
  const names = Array.from({ length: 10 }, (_, index) => `topic-${index}`)
  const topics = Object.fromEntries(names.map(name => [name, {}]))
  const records = Array.from({ length: 100 }, (_, index) => ({ key: `key-${index}`, value: { index } }))
  const rows: Record<string, Row> = {
    start: { what: '`startOttla()`, warm', goalMs: 50, tookMs: [] },
    stop: { what: '`stop()`', goalMs: null, tookMs: [] },
    reset: { what: '`reset()` of 10 topics with 1,000 records', goalMs: 10, tookMs: [] },
    snapshot: { what: '`snapshot()` of the same', goalMs: null, tookMs: [] },
    from: { what: '`startOttla({ from })` of the same', goalMs: null, tookMs: [] },
    fork: { what: '`fork()` of the same', goalMs: null, tookMs: [] },
  }
  const measure = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const startedMs = performance.now()
    const result = await work()
    rows[name]!.tookMs.push(performance.now() - startedMs)
    return result
  }
  for (let round = 0; round < 5; round++) await (await start()).stop()
  for (let round = 0; round < rounds; round++) {
    const ottla = await measure('start', () => start())
    await measure('stop', () => ottla.stop())
  }
  const ottla = await start({ topics })
  await ottla.reset() // the first one saves the state of the start
  for (let round = 0; round < rounds; round++) {
    for (const name of names) await ottla.produce(name, records)
    await measure('reset', () => ottla.reset())
  }
  for (let round = 0; round < rounds; round++) {
    for (const name of names) await ottla.produce(name, records)
    const path = join(scratch, `snapshot-${round}`)
    await measure('snapshot', () => ottla.snapshot({ path }))
    await (await measure('from', () => start({ from: path }))).stop()
    await (await measure('fork', () => ottla.fork())).stop()
    await ottla.reset()
  }
  await ottla.stop()
  return Object.values(rows)
}
