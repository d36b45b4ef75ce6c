/**
 * `npm run mutants`: shows that the tests bite. Applies each mutant of the table to a copy of the packages, never to the product, and runs
 * the check that has to find it. A mutant that survives fails the run, and so does one whose text is no longer there.
 *
 *   npm run mutants                    all
 *   npm run mutants -- flush           those whose name contains the word
 *   npm run mutants -- --trace flush   with the whole trace of the seed that finds them: see docs/durability.md
 */

import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { FoundBy, Mutant } from './mutant.ts'
import { mutants } from './table.ts'

const root = join(import.meta.dirname, '..', '..')
/** Generous: on a busy machine a check that is ended early would count as one that notices nothing. */
const timeoutMs = 1_200_000
const concurrency = 2
const defaultCheck: FoundBy = { simulate: 400 }

interface Outcome {
  mutant: Mutant
  isFound: boolean
  by: string
  seconds: number
}

const { values, positionals: words } = parseArgs({
  options: { trace: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const chosen = mutants.filter(({ name }) => words.length === 0 || words.some(word => name.includes(word)))
// All copies are made of this one: the sources may change meanwhile.
const pristine = copyRepository(root)
const baseline = await checkBaseline(pristine)
if (baseline !== undefined) {
  console.error(`Without a mutant the checks must pass: ${baseline}`)
  rmSync(pristine, { recursive: true, force: true })
  process.exit(1)
}
const waiting = chosen.values()
const outcomes: Outcome[] = []
await Promise.all(
  Array.from({ length: Math.min(concurrency, chosen.length) }, async () => {
    const copy = copyRepository(pristine)
    try {
      for (const mutant of waiting) {
        const outcome = await tryMutant(copy, mutant)
        outcomes.push(outcome)
        console.log(`${outcome.isFound ? '✓' : '✗'} ${mutant.name}: ${outcome.by} (${outcome.seconds.toFixed(1)} s)`)
      }
    } finally {
      rmSync(copy, { recursive: true, force: true })
    }
  }),
)
rmSync(pristine, { recursive: true, force: true })
const survivors = outcomes.filter(({ isFound }) => !isFound)
console.log(`\n| mutant | file | found by | seconds |\n| --- | --- | --- | --- |`)
for (const mutant of chosen) {
  const { by, seconds } = outcomes.find(outcome => outcome.mutant === mutant)!
  console.log(`| ${mutant.name} | ${mutant.file} | ${by} | ${seconds.toFixed(1)} |`)
}
console.log(`\n${outcomes.length - survivors.length} of ${outcomes.length} mutants found`)
process.exitCode = survivors.length === 0 ? 0 : 1

/** The packages and the checks, with modules of their own: a sibling package must be the copy, not the original. */
function copyRepository(from: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'ottla-mutants-'))
  for (const part of ['packages', 'test', 'package.json', 'tsconfig.json']) {
    cpSync(join(from, part), join(copy, part), { recursive: true, filter: path => !path.includes('node_modules') })
  }
  mkdirSync(join(copy, 'node_modules', '@ottla'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@ottla') symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name))
  }
  for (const name of readdirSync(join(copy, 'packages'))) {
    symlinkSync(join(copy, 'packages', name), join(copy, 'node_modules', '@ottla', name))
  }
  return copy
}

/** What fails without any mutant: then nothing can be said. */
async function checkBaseline(copy: string): Promise<string | undefined> {
  const checks = new Set(chosen.map(({ foundBy = defaultCheck }) => JSON.stringify(foundBy)))
  for (const text of checks) {
    const { status, output } = await run(copy, argumentsOf(JSON.parse(text) as FoundBy))
    if (status !== 0) return `${text}: exit status ${status}\n${output.slice(-2000)}`
  }
  return undefined
}

function argumentsOf(check: FoundBy): string[] {
  if ('test' in check) return ['--test', check.test]
  return ['test/simulate/main.ts', '--seeds', String(check.simulate), '--stop']
}

async function tryMutant(copy: string, mutant: Mutant): Promise<Outcome> {
  const startedAt = performance.now()
  const outcome = (isFound: boolean, by: string) => ({
    mutant,
    isFound,
    by,
    seconds: (performance.now() - startedAt) / 1000,
  })
  const path = join(copy, 'packages', mutant.file)
  const original = readFileSync(path, 'utf8')
  const occurrences = original.split(mutant.from).length - 1
  if (occurrences !== 1) return outcome(false, `its text occurs ${occurrences} times in the product, not once`)
  writeFileSync(
    path,
    original.replace(mutant.from, () => mutant.to),
  )
  try {
    const check = mutant.foundBy ?? defaultCheck
    const { status, output } = await run(copy, argumentsOf(check))
    if ('test' in check) {
      return outcome(status === 1, status === 1 ? check.test : `survives ${check.test} (exit status ${status})`)
    }
    const finding = /^Seed (\d+) broke the contract: (.*)$/m.exec(output)
    if (status === 1 && finding) {
      if (values.trace) console.log((await run(copy, ['test/simulate/main.ts', '--seed', finding[1]!])).output)
      return outcome(true, `seed ${finding[1]}: ${finding[2]!.replaceAll('|', '/').slice(0, 140)}`)
    }
    return outcome(false, `survives ${check.simulate} seeds (exit status ${status}) ${output.slice(-300)}`)
  } finally {
    writeFileSync(path, original)
  }
}

function run(cwd: string, args: string[]): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-2_000_000)
      })
    }
    child.on('error', reject)
    child.on('close', status => resolve({ status, output }))
  })
}
