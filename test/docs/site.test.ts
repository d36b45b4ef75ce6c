/** What the site's own packages are needed for. They are fetched once, by their own lock file. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { apiReference } from '../../scripts/docs/api-reference.ts'
import { installSite, site } from '../../scripts/docs/site-packages.ts'
import { docs, sidebar } from '../../site/pages.ts'

const root = join(site, '..')

suite('the site', { concurrency: 1, timeout: 280_000 }, async () => {
  const skip = await installSite().then(
    () => false,
    (error: Error) => `its packages could not be fetched: ${error.message.split('\n')[0]}`,
  )

  test('reference/api.md is what the sources say (npm run docs:reference)', { skip }, async () => {
    assert.equal(readFileSync(join(docs, 'reference', 'api.md'), 'utf8'), await apiReference())
  })

  test('is built: every link and anchor leads somewhere, every page is there, also for programs', {
    skip,
  }, async () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    await promisify(execFile)(process.execPath, [join(root, 'scripts', 'docs.ts'), 'build'], { cwd: root, env }).catch(
      error => {
        throw new Error(`${error.message}\n${error.stdout}`)
      },
    )
    const index = readFileSync(join(site, 'dist', 'llms.txt'), 'utf8')
    for (const { link } of sidebar.flatMap(({ items }) => items)) {
      assert.ok(existsSync(join(site, 'dist', `${link}.html`)), link)
      assert.ok(existsSync(join(site, 'dist', `${link}.md`)), link)
      assert.ok(index.includes(`(${link}.md)`), link)
    }
  })
})
