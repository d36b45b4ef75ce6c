/** The published package, tried as its users get it: from the packed tarball, in empty projects, on every Node.js it names. */
import assert from 'node:assert/strict'
import { type ExecFileException, execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts'
import { nodeOfVersion } from './node-versions.ts'

const root = join(import.meta.dirname, '..', '..')
const binaries = join(root, 'node_modules', '.bin')
const oldest = '22.15.0'
const nodeVersions = [oldest, '24.21.0', process.versions.node]

/** What an installation may cost. Raise a figure only with a reason in the commit. */
const budget = { packages: 12, installedMegabytes: 10 }

interface Output {
  status: number
  stdout: string
  stderr: string
}

suite('the published package', { concurrency: 1, timeout: 280_000 }, () => {
  let directory: TemporaryDirectory
  let tarball: string
  let esm: string
  let commonJs: string

  before(async () => {
    directory = await temporaryDirectory('package')
    const built = join(directory.path, 'built')
    await succeed(process.execPath, [join(root, 'scripts', 'package.ts'), built])
    const { stdout } = await succeed('npm', ['pack', '--silent', '--pack-destination', directory.path, built])
    tarball = join(directory.path, stdout.trim())
    esm = await project('esm', { type: 'module' })
    commonJs = await project('commonjs', {})
  })
  after(() => directory.remove())

  async function project(name: string, manifest: object): Promise<string> {
    const path = join(directory.path, name)
    await mkdir(path)
    await writeFile(join(path, 'package.json'), JSON.stringify({ private: true, ...manifest }))
    await succeed('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, 'kafkajs@2.2.4'], path)
    return path
  }

  test('is what npm and TypeScript expect of a package', async () => {
    await succeed(join(binaries, 'publint'), ['run', tarball, '--strict'])
    await succeed(join(binaries, 'attw'), [tarball, '--no-emoji'])
  })

  test('stays within its budget of packages and megabytes', async t => {
    const lock = JSON.parse(await readFile(join(esm, 'node_modules', '.package-lock.json'), 'utf8'))
    const installed = Object.keys(lock.packages).filter(path => path !== 'node_modules/kafkajs')
    const megabytes = installed.reduce((sum, path) => sum + sizeInBytes(join(esm, path)), 0) / 1e6
    const packed = statSync(tarball).size / 1e6
    t.diagnostic(
      `${installed.length} packages of ${budget.packages}, ${megabytes.toFixed(1)} MB installed of ${budget.installedMegabytes}, ` +
        `the tarball has ${packed.toFixed(2)} MB`,
    )
    assert.ok(installed.length <= budget.packages, installed.join(', '))
    assert.ok(megabytes <= budget.installedMegabytes)
  })

  test('runs nothing when it is installed, names its licence and those of what it contains', async () => {
    const manifest = JSON.parse(await readFile(join(esm, 'node_modules', 'ottla', 'package.json'), 'utf8'))
    assert.equal(manifest.scripts, undefined)
    assert.equal(manifest.private, undefined)
    const notices = await readFile(join(esm, 'node_modules', 'ottla', 'THIRD-PARTY-NOTICES.txt'), 'utf8')
    for (const name of ['commander', 'pino', 'pino-pretty', 're2js'])
      assert.match(notices, new RegExp(`^${name} \\d`, 'm'))
    const files = readdirSync(join(esm, 'node_modules', 'ottla'))
    for (const file of files.filter(file => file.endsWith('.js') && !file.startsWith('rolldown-runtime'))) {
      assert.ok(files.includes(`${file}.map`), `${file} has a source map`)
    }
  })

  test("is typed, under both of TypeScript's ways to resolve, without other types", async () => {
    await writeFile(join(esm, 'typed.ts'), quickstart.typed)
    for (const resolution of ['nodenext', 'bundler']) {
      const module = resolution === 'bundler' ? 'esnext' : 'nodenext'
      const options = ['--module', module, '--moduleResolution', resolution, '--target', 'es2022', '--types', '']
      await succeed(join(binaries, 'tsc'), ['--noEmit', '--strict', ...options, 'typed.ts'], esm)
    }
  })

  for (const version of nodeVersions) {
    test(`runs on Node ${version}: imported, required, and as a command`, async t => {
      const found = await nodeOfVersion(version)
      if ('missing' in found) {
        t.skip(found.missing)
        return
      }
      await writeFile(join(esm, 'quickstart.js'), quickstart.esm)
      await writeFile(join(commonJs, 'quickstart.js'), quickstart.commonJs)
      for (const path of [esm, commonJs]) {
        const { stdout, stderr } = await succeed(found.path, ['quickstart.js'], path)
        assert.equal(stdout, 'two mugs\n')
        assert.doesNotMatch(stderr, /Experimental|Deprecat|SQLite/, 'kafkajs may warn of its timer, we of nothing')
      }
      const command = join(esm, 'node_modules', '.bin', 'ottla')
      assert.match((await succeed(found.path, [command, '--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
      const dataDir = join(directory.path, `data-${version}`)
      const started = await startAndStop(found.path, [command, '--listen', '127.0.0.1:0', '--data-dir', dataDir])
      assert.match(started.stdout, /^Ottla is ready at kafka:\/\/127\.0\.0\.1:\d+\n$/)
      for (const line of started.stderr.trim().split('\n')) assert.equal(typeof JSON.parse(line).msg, 'string')
    })
  }
})

const produceAndConsume = `
  const kafka = new Kafka({ brokers: ottla.brokers, logLevel: logLevel.NOTHING })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ key: 'order-1', value: 'two mugs' }] })
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: 'payment' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await new Promise(resolve => consumer.run({
    eachMessage: async ({ message }) => { console.log(message.value.toString()); resolve() },
  }))
  await consumer.disconnect()
  await ottla.stop()
`

/** The process must end by itself: a handle that is left would hang the test. */
const quickstart = {
  esm: `import { Kafka, logLevel } from 'kafkajs'
import { startOttla } from 'ottla'
const ottla = await startOttla({ topics: { orders: { partitions: 3 } } })
${produceAndConsume}`,
  commonJs: `const { Kafka, logLevel } = require('kafkajs')
const { startOttla } = require('ottla')
async function main() {
  const ottla = await startOttla({ topics: { orders: { partitions: 3 } } })
${produceAndConsume}}
main()`,
  typed: `import { type Ottla, startOttla, type StartOttlaOptions } from 'ottla'
const options: StartOttlaOptions = { topics: { orders: { partitions: 3, configs: { 'retention.ms': '1000' } } } }
const ottla: Ottla = await startOttla(options)
const brokers: string[] = ottla.brokers
await ottla[Symbol.asyncDispose]()
// @ts-expect-error: the types are there and say no
startOttla({ topic: brokers })
export {}`,
}

/** Rejects, with all that was printed, unless the program ends with 0. */
async function succeed(program: string, args: string[], cwd = root): Promise<Output> {
  // CI=true and npm's own variables would change what the tools print and where npm installs.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR }
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd, env: { ...env, NO_COLOR: '1' } })
    return { status: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as ExecFileException
    throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
  }
}

/** Runs a broker until it is ready, then stops it as a terminal would. */
function startAndStop(program: string, args: string[]): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`))
      else resolve({ status: 0, stdout, stderr })
    })
    child.stdout?.on('data', () => child.kill('SIGTERM'))
  })
}

function sizeInBytes(path: string): number {
  const entries = readdirSync(path, { withFileTypes: true, recursive: true })
  const files = entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return files.reduce((sum, file) => sum + readFileSync(file).length, 0)
}
