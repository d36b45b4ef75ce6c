/** docs/reference/api.md: the public types of the package `ottla` with their docstrings, by TypeDoc. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { generatedBy } from './markdown.ts'
import { site } from './site-packages.ts'

const root = join(site, '..')
const layout = ['interfaceProperties', 'typeAliasProperties', 'propertyMembers', 'parameters']

/** Needs the packages of the site. */
export async function apiReference(): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'ottla-api-'))
  try {
    await promisify(execFile)(process.execPath, [
      join(site, 'node_modules', 'typedoc', 'bin', 'typedoc'),
      ...['--plugin', join(site, 'node_modules', 'typedoc-plugin-markdown', 'dist', 'index.js')],
      ...['--entryPoints', join(root, 'packages', 'ottla', 'src', 'index.ts')],
      ...['--tsconfig', join(root, 'tsconfig.json'), '--skipErrorChecking', '--readme', 'none', '--disableSources'],
      ...['--out', scratch, '--entryFileName', 'api.md', '--outputFileStrategy', 'modules'],
      ...['--sort', 'source-order', '--useCodeBlocks', '--hidePageHeader', '--hideBreadcrumbs'],
      ...layout.flatMap(part => [`--${part}Format`, 'table']),
    ])
    const text = await readFile(join(scratch, 'api.md'), 'utf8')
    // Each row of a table comes with an empty anchor, to which nothing leads.
    return text
      .replaceAll(/<a id="[^"]*"><\/a> /g, '')
      .replace(/^# .*\n/, `# API of startOttla()\n\n${generatedBy('packages/ottla/src')}\n\n${introduction}\n`)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const introduction = 'All that the package `ottla` exports. How it is used: [In a test](../testing.md).'
