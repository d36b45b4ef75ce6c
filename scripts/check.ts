/**
 * `npm run check`: what can be said about the sources without running them. Types, style, import directions, unused code.
 * The rules live in the tools' own configuration files; this script only runs them, all at once, and shows what is wrong.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

type Check = { name: string; command: string; args: string[] }

const root = join(import.meta.dirname, '..')
const webProjects = ['apps/shop/src/web/tsconfig.json'].filter(path => existsSync(join(root, path)))
const folders = ['packages', 'apps', 'test', 'bench', 'scripts']

const checks: Check[] = [
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  ...webProjects.map(path => ({ name: `types of ${path}`, command: 'tsc', args: ['-p', path] })),
  { name: 'style (biome)', command: 'biome', args: ['check', '--colors=off', '.'] },
  { name: 'import directions (dependency-cruiser)', command: 'depcruise', args: folders },
  { name: 'unused code (knip)', command: 'knip', args: ['--no-progress'] },
]

const results = await Promise.all(checks.map(run))
const failed = results.filter(passed => !passed).length
console.log(failed === 0 ? `All ${checks.length} checks passed` : `${failed} of ${checks.length} checks failed`)
process.exitCode = failed === 0 ? 0 : 1

/** Resolves to whether the check passed; its output is shown only when it did not. */
function run({ name, command, args }: Check): Promise<boolean> {
  return new Promise(resolve => {
    const startedAt = performance.now()
    const child = spawn(join(root, 'node_modules', '.bin', command), args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output: Buffer[] = []
    child.stdout.on('data', chunk => output.push(chunk))
    child.stderr.on('data', chunk => output.push(chunk))
    child.on('error', error => output.push(Buffer.from(`${error.message}\n`)))
    child.on('close', code => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)`)
      if (code !== 0) console.log(Buffer.concat(output).toString().trimEnd())
      resolve(code === 0)
    })
  })
}
