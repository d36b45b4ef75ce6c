/**
 * `npm test`: every `*.test.ts` of the repository, each file in a process group of its own, and at the very end one line,
 * `N passed, N failed` (and `, N skipped` if any). A file that crashes, hangs, holds no test or leaves a process behind
 * counts as a failed test.
 *
 *   npm test                          everything
 *   npm test -- packages/log fetch    the files whose path contains one of these words
 *
 * The tests of one module share the cores; whole-system tests start servers and are measured by the clock, so they have
 * the machine to themselves, one file at a time.
 *
 * Up to three failed files are run once more at the end, alone. What passes then is listed as unstable, with its first
 * failure above, and doesn't fail the run: it is a defect to mend, but a busy machine must not hide what else is true.
 */
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestLine } from './test-reporter.ts'

type Named = { file: string; name: string }
type Result = { passed: number; failed: (Named & { message: string })[]; skipped: (Named & { reason: string })[] }

const MAX_REPEATED_FILES = 3
const FILE_TIMEOUT_MS = 10 * 60_000
const OUTPUT_SHOWN = 20_000
const root = join(import.meta.dirname, '..')
const scratch = mkdtempSync(join(tmpdir(), 'ottla-test-run-'))
const groups = [
  { name: 'Modules', patterns: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts'], concurrency: 2 },
  { name: 'Whole system', patterns: ['apps/*/test/**/*.test.ts', 'test/**/*.test.ts'], concurrency: 1 },
]
const filters = process.argv.slice(2).map(word => word.replace(/^\.\//, ''))
/** Every file is a process of its own, and many start others: what Node has compiled for one serves all. */
const env = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'), ...process.env }
const runningGroups = new Set<number>()
let isStopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    isStopping = true
    for (const id of runningGroups) killGroup(id)
  })
}

const results = new Map<string, Result>()
const unstable: string[] = []
try {
  for (const { name, patterns, concurrency } of groups) {
    const files = globSync(patterns, { cwd: root, exclude: path => path.includes('node_modules') })
      .filter(path => filters.length === 0 || filters.some(word => path.includes(word)))
      .sort()
    if (files.length > 0 && !isStopping) await runGroup(name, files, concurrency)
  }
  await repeatFailedFiles()
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
report(sum([...results.values()]))

async function runGroup(name: string, files: string[], concurrency: number): Promise<void> {
  console.log(`\n${name}: ${files.length} ${files.length === 1 ? 'file' : 'files'}`)
  const startedAt = performance.now()
  const waiting = files.values()
  const worker = async () => {
    for (const file of waiting) {
      if (isStopping) return
      results.set(file, await runFile(file))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  const total = sum(files.flatMap(file => results.get(file) ?? []))
  console.log(`${name}: ${countsOf(total)} in ${secondsSince(startedAt)}`)
}

async function repeatFailedFiles(): Promise<void> {
  const files = [...results].filter(([, { failed }]) => failed.length > 0).map(([file]) => file)
  if (files.length === 0 || files.length > MAX_REPEATED_FILES) return
  console.log('\nOnce more, alone, what failed:')
  for (const file of files) {
    if (isStopping) return
    const result = await runFile(file)
    if (result.failed.length > 0) continue
    results.set(file, result)
    unstable.push(file)
  }
}

/** Resolves when the file's process has ended, by itself or killed after its time; never rejects. */
async function runFile(file: string): Promise<Result> {
  const startedAt = performance.now()
  const events = join(scratch, `${file.replaceAll('/', '+')}.jsonl`)
  rmSync(events, { force: true })
  const child = spawn(
    process.execPath,
    [`--test-reporter=${join(import.meta.dirname, 'test-reporter.ts')}`, `--test-reporter-destination=${events}`, file],
    { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_SHOWN)
    })
  }
  let crash: string | undefined
  if (child.pid !== undefined) runningGroups.add(child.pid)
  const timer = setTimeout(() => {
    crash = `still running after ${FILE_TIMEOUT_MS / 60_000} minutes: killed`
    killGroup(child.pid)
  }, FILE_TIMEOUT_MS)
  const exit = await new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal === null ? `exit status ${code}` : `ended by ${signal}`))
  })
  clearTimeout(timer)
  // What the file started and did not stop would disturb the files after it.
  const hasLeftovers = killGroup(child.pid)
  runningGroups.delete(child.pid ?? 0)

  const result = readEvents(file, events)
  const { failed } = result
  const fails = (message: string) => failed.push({ file, name: file, message })
  if (crash !== undefined) fails(crash)
  else if (!result.hasEnded) fails(`the process ended before its tests did, or it has none (${exit})`)
  else if (exit !== 'exit status 0' && failed.length === 0) fails(`its tests passed, but the process failed (${exit})`)
  else if (hasLeftovers) fails('left a process behind')
  else if (result.passed + failed.length + result.skipped.length === 0) fails('no test in this file')

  console.log(`${failed.length === 0 ? '✓' : '✗'} ${file}: ${countsOf(result)} (${secondsSince(startedAt)})`)
  for (const { name, message } of failed) console.log(`\n  ✗ ${name}\n${indent(message)}\n`)
  if (failed.length > 0 && output.trim() !== '') console.log(`  output of ${file}:\n${indent(output)}\n`)
  return result
}

function readEvents(file: string, path: string): Result & { hasEnded: boolean } {
  const result: Result & { hasEnded: boolean } = { passed: 0, failed: [], skipped: [], hasEnded: false }
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    // Not even the reporter started: `hasEnded` says so.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return result
    throw error
  }
  // The last piece is empty, or what a dying process had written of a line.
  for (const json of text.split('\n').slice(0, -1)) {
    const line = JSON.parse(json) as TestLine
    if (line.type === 'passed') result.passed += 1
    else if (line.type === 'failed') result.failed.push({ file, name: line.name, message: line.message })
    else if (line.type === 'skipped') result.skipped.push({ file, name: line.name, reason: line.reason })
    else result.hasEnded = true
  }
  return result
}

function report(total: Result): void {
  if (total.skipped.length > 0) {
    console.log('\nSkipped:')
    for (const { file, name, reason } of total.skipped) console.log(`  ${file}: ${name}: ${reason}`)
  }
  if (unstable.length > 0) {
    console.log('\nUnstable (failed, then passed alone):')
    for (const file of unstable) console.log(`  ${file}`)
  }
  if (total.failed.length > 0) {
    console.log('\nFailed:')
    for (const { file, name } of total.failed) console.log(`  ${file}: ${name}`)
  }
  if (results.size === 0) console.log(`\nNo test file matches: ${filters.join(' ')}`)
  if (isStopping) console.log('\nStopped by a signal: not every test has run')
  console.log(`\n${countsOf(total)}`)
  process.exitCode = total.failed.length > 0 || total.passed === 0 || isStopping ? 1 : 0
}

/** Kills a process group. Returns whether any process of it was alive. */
function killGroup(id: number | undefined): boolean {
  if (id === undefined) return false
  try {
    process.kill(-id, 'SIGKILL')
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

function sum(parts: Result[]): Result {
  return {
    passed: parts.reduce((count, part) => count + part.passed, 0),
    failed: parts.flatMap(part => part.failed),
    skipped: parts.flatMap(part => part.skipped),
  }
}

function countsOf({ passed, failed, skipped }: Result): string {
  return `${passed} passed, ${failed.length} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`
}

function secondsSince(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '    ')
}
