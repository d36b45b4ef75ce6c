/**
 * What stands in the log for ever must be read for ever: the bytes of each event version, as it was first written. A test that
 * fails here means that old orders can't be read any more; the fixture is never changed to make it pass.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fromRecord } from './envelope.ts'
import { generatedFiles } from './generate/files.ts'
import { topics } from './topics.ts'

type Fixture = {
  topic: string
  headers: Record<string, string>
  value: string | null
  reads: { type: string; data: unknown }
}

const fixtures = join(import.meta.dirname, 'fixtures')
const generated = join(import.meta.dirname, '../../contracts')

test('every version of every event has a fixture', () => {
  const types = topics.flatMap(({ events, formerly = {} }) => [...Object.keys(events), ...Object.keys(formerly)])
  assert.deepEqual(readdirSync(fixtures).sort(), types.map(type => `${type}.json`).sort())
})

for (const file of readdirSync(fixtures)) {
  test(`the bytes of ${file.replace('.json', '')} read as ever`, () => {
    const fixture = JSON.parse(readFileSync(join(fixtures, file), 'utf8')) as Fixture
    const topic = topics.find(({ name }) => name === fixture.topic)
    assert.ok(topic)
    const event = fromRecord(topic, {
      value: fixture.value === null ? null : Buffer.from(fixture.value, 'base64'),
      headers: new Map(
        Object.entries(fixture.headers).map(pair => pair.map(text => Buffer.from(text)) as [Buffer, Buffer]),
      ),
    })
    assert.deepEqual({ type: event?.type, data: event?.data }, fixture.reads)
    assert.equal(event?.id, fixture.headers.ce_id)
  })
}

test('what is generated from the contracts is up to date (node src/contracts/generate/main.ts)', () => {
  for (const [name, content] of generatedFiles()) {
    const path = join(generated, name)
    assert.ok(existsSync(path), `${name} is missing`)
    assert.equal(readFileSync(path, 'utf8'), content, name)
  }
})

test('every reference in the AsyncAPI document leads somewhere', () => {
  const document = JSON.parse(generatedFiles().get('asyncapi.json') ?? '') as Record<string, unknown>
  const visit = (node: unknown): string[] => {
    if (typeof node !== 'object' || node === null) return []
    const own = '$ref' in node && typeof node.$ref === 'string' ? [node.$ref] : []
    return [...own, ...Object.values(node).flatMap(visit)]
  }
  const references = visit(document)
  assert.ok(references.length > 50)
  for (const reference of references) {
    let target: unknown = document
    for (const part of reference.replace('#/', '').split('/')) target = (target as Record<string, unknown>)?.[part]
    assert.ok(target !== undefined, reference)
  }
})
