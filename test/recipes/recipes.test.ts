/**
 * The recipes of docs/recipes, run as their readers would: with the packed tarball and each test runner, in a project of its own. What
 * they need besides is fetched once into the cache directory (`$OTTLA_CACHE`, else `~/.cache/ottla`), by their own lock file.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { copyFile, cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { after, suite, test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')
const recipes = join(root, 'recipes')
const documents = join(root, 'docs', 'recipes')

suite('the pages of docs/recipes', () => {
  const pages = readdirSync(documents)

  for (const page of pages) {
    test(`${page} shows the files that are run, in at most 60 lines`, () => {
      const text = readFileSync(join(documents, page), 'utf8')
      assert.ok(text.trimEnd().split('\n').length <= 60)
      const shown = [...text.matchAll(/`(recipes\/[^`]+)`[^\n]*:\n\n```[a-z]+\n(.*?)```/gs)]
      assert.ok(shown.length > 0)
      for (const [, path = '', code] of shown) assert.equal(code, readFileSync(join(root, path), 'utf8'), path)
    })
  }

  test('there is one for each folder of recipes', () => {
    const folders = readdirSync(recipes, { withFileTypes: true }).filter(entry => entry.isDirectory())
    for (const { name } of folders) assert.ok(name === 'node_modules' || pages.includes(`${name}.md`), name)
  })
})

suite('the recipes', { concurrency: 1, timeout: 280_000 }, async () => {
  const project = await prepare().catch((error: Error) => error)
  if (project instanceof Error) {
    test('run', { skip: `their packages could not be fetched: ${project.message.split('\n')[0]}` }, () => undefined)
    return
  }
  after(() => rm(project, { recursive: true, force: true }))
  const modules = join(dirname(project), 'node_modules')
  const vitest = join(modules, 'vitest', 'vitest.mjs')
  const jest = join(modules, 'jest', 'bin', 'jest.js')

  const commands: Record<string, { folder: string; args: string[]; passed: RegExp }> = {
    'node:test': { folder: 'node-test', args: ['--test'], passed: /^ℹ pass 2$/m },
    vitest: { folder: 'vitest', args: [vitest, 'run'], passed: /Tests +2 passed/ },
    Jest: { folder: 'jest', args: [jest, '--ci'], passed: /Tests: +2 passed/ },
    'NestJS with kafkajs': { folder: 'nestjs', args: [vitest, 'run'], passed: /Tests +1 passed/ },
  }
  for (const [name, { folder, args, passed }] of Object.entries(commands)) {
    test(name, async () => {
      // A runner inside of a runner: ours must not tell it what to do.
      const { NODE_TEST_CONTEXT: _, ...env } = process.env
      const options = { cwd: join(project, folder), env: { ...env, NO_COLOR: '1', FORCE_COLOR: undefined } }
      const { stdout, stderr } = await run(process.execPath, args, options).catch(error => {
        throw new Error(`${error.message}\n${error.stdout}`)
      })
      assert.match(stdout + stderr, passed)
    })
  }
})

/** Resolves with a copy of the recipes that has all they need, beside the packages that every run shares. */
async function prepare(): Promise<string> {
  const lock = readFileSync(join(recipes, 'package-lock.json'))
  const cache = process.env.OTTLA_CACHE ?? join(homedir(), '.cache', 'ottla')
  const home = join(cache, `recipes-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`)
  if (!existsSync(home)) await installInto(home)
  const project = await mkdtemp(join(home, 'run-'))
  await cp(recipes, project, { recursive: true, filter: path => basename(path) !== 'node_modules' })
  await rm(join(project, 'package-lock.json'))
  const built = join(project, 'built')
  await run(process.execPath, [join(root, 'scripts', 'package.ts'), built])
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', project, built])
  await rm(built, { recursive: true })
  await writeFile(join(project, 'package.json'), '{"private":true,"type":"module"}')
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${stdout.trim()}`], { cwd: project })
  return project
}

/** Beside its final place, and renamed as the last act: what is there is whole. */
async function installInto(home: string): Promise<void> {
  await mkdir(dirname(home), { recursive: true })
  const scratch = await mkdtemp(`${home}-`)
  try {
    for (const name of ['package.json', 'package-lock.json']) await copyFile(join(recipes, name), join(scratch, name))
    await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: scratch })
    await rename(scratch, home)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
