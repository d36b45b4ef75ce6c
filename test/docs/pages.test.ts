/** The pages of docs/, checked without what builds the site. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { commandReference } from '../../scripts/docs/command-reference.ts'
import { settingsReference } from '../../scripts/docs/settings-reference.ts'
import { docs, listedPaths } from '../../site/pages.ts'

const pages = globSync('**/*.md', { cwd: docs })

test('every page is in the sidebar, once (site/pages.ts)', () => {
  assert.equal(new Set(listedPaths).size, listedPaths.length)
  for (const page of pages.filter(page => page !== 'index.md'))
    assert.ok(listedPaths.includes(page.replace(/\.md$/, '')), page)
})

test('links between pages lead somewhere', () => {
  for (const page of pages) {
    const text = readFileSync(join(docs, page), 'utf8').replaceAll(/```.*?```/gs, '')
    for (const [, target = ''] of text.matchAll(/\]\((?!\w+:|#)([^)\s#]+)[^)]*\)/g))
      assert.ok(existsSync(join(docs, dirname(page), target)), `${page} links to ${target}`)
  }
})

test('the quickstart has at most 40 lines', () => {
  assert.ok(readFileSync(join(docs, 'quickstart.md'), 'utf8').trimEnd().split('\n').length <= 40)
})

for (const [name, text] of [
  ['command.md', commandReference()],
  ['settings.md', settingsReference()],
] as const) {
  test(`reference/${name} is what the sources say (npm run docs:reference)`, () => {
    assert.equal(readFileSync(join(docs, 'reference', name), 'utf8'), text)
  })
}
