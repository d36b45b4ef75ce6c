/**
 * The documents.
 *
 *   npm run docs               the site on loopback, anew with every change of docs/ (an address of its own: `-- --port 4000`)
 *   npm run docs:build         the site as files in site/dist; dead links and anchors fail it
 *   npm run docs:reference     only writes docs/reference anew, from the sources
 *
 * What builds the site is a package of its own (site/), installed by the first of these, so that nobody else has to wait for it.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { apiReference } from './docs/api-reference.ts'
import { commandReference } from './docs/command-reference.ts'
import { settingsReference } from './docs/settings-reference.ts'
import { installSite, site } from './docs/site-packages.ts'

const reference = join(import.meta.dirname, '..', 'docs', 'reference')
const [task = 'serve', ...words] = process.argv.slice(2)

await installSite()
write('command.md', commandReference())
write('settings.md', settingsReference())
write('api.md', await apiReference())
if (task !== 'reference') await rspress(task === 'build' ? ['build'] : ['dev', ...words])

function write(name: string, text: string): void {
  const path = join(reference, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** Ends this process with the status of the tool, and the tool with this process. */
async function rspress(args: string[]): Promise<void> {
  const bin = join(site, 'node_modules', '@rspress', 'core', 'bin', 'rspress.js')
  const child = spawn(process.execPath, [bin, ...args], { cwd: site, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1)))
  })
}
