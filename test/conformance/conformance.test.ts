/**
 * Ottla's answers against the recorded ones of Apache Kafka 4.4, without Java. When a scenario or the broker's table of APIs
 * has changed, `npm run conformance -- --record` records anew (that needs Java).
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { startOttlaProcess } from '../support/ottla-process.ts'
import { compatibilityPage } from './compatibility-page.ts'
import { compareTranscripts, type Difference } from './difference.ts'
import { judge } from './known-differences.ts'
import { readRecordings } from './recordings.ts'
import { describeDifferences } from './report.ts'
import { type RunResult, runScenarios, settings } from './run.ts'
import { allScenarios } from './scenarios/index.ts'
import { supportPage, supportTable } from './support-table.ts'

const docs = join(import.meta.dirname, '..', '..', 'docs')
const recorded = readRecordings()
let ours: RunResult
let differences: Difference[]

before(async () => {
  const ottla = await startOttlaProcess({ settings, durability: 'os' })
  try {
    ours = await runScenarios(allScenarios, { port: ottla.port, concurrency: 4 })
  } finally {
    await ottla.close()
  }
  differences = allScenarios.flatMap(({ name }) =>
    compareTranscripts(name, recorded.get(name) ?? [], ours.transcripts.get(name) ?? []),
  )
})

test('every scenario is recorded, and no other', () => {
  assert.deepEqual(
    [...recorded.keys()].sort(),
    allScenarios.map(({ name }) => name).sort(),
    'record anew: npm run conformance -- --record',
  )
})

test('every scenario can be played to its end', () => {
  assert.deepEqual([...ours.failures], [])
})

test('answers as Apache Kafka does, but for what docs/compatibility.md lists', () => {
  const { unlisted } = judge(differences)
  assert.equal(unlisted.length, 0, describeDifferences(unlisted))
})

test('lists no difference that is gone', () => {
  assert.deepEqual(judge(differences).obsolete, [])
})

test('docs/compatibility.md shows the list', () => {
  assert.equal(readFileSync(join(docs, 'compatibility.md'), 'utf8'), compatibilityPage())
})

test('docs/support.md shows what is served, and every version of it was compared', () => {
  const page = supportPage(supportTable(allScenarios, recorded))
  assert.equal(readFileSync(join(docs, 'support.md'), 'utf8'), page)
})
