/** What can be wrong when `ottla start` is called. Each ends with the right exit status and one line that says what to do. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmod, chown, mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ottlaScript, startArguments, startOttlaProcess } from '../support/ottla-process.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts'
import { apiVersionsV0, WireConnection } from '../support/wire.ts'

const CAN_NOT_START = 1
const WRONG_USAGE = 2
const NOBODY = 65_534

describe('ottla start', { concurrency: 1 }, () => {
  let temporary: TemporaryDirectory
  before(async () => {
    temporary = await temporaryDirectory('start')
  })
  after(() => temporary.remove())
  const path = (name: string) => join(temporary.path, name)

  test('a port in use: says which one', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const { status, stderr } = await runToItsEnd(startArguments({ port, dataDirectory: path('port') }))
    taken.close()
    assert.equal(status, CAN_NOT_START)
    assert.match(stderr, new RegExp(String(port)))
    assert.match(stderr, /in use|already/i)
    assertOneLine(stderr)
  })

  test('a data directory that is a file: says so, and leaves the file alone', async () => {
    await writeFile(path('file'), 'mine')
    const { status, stderr } = await runToItsEnd(startArguments({ dataDirectory: path('file') }))
    assert.equal(status, CAN_NOT_START)
    assert.match(stderr, /file/)
    assert.ok(stderr.includes(path('file')))
    assertOneLine(stderr)
  })

  test('a data directory that may not be written: says which one', async t => {
    const directory = path('read-only')
    await mkdir(directory)
    await chmod(directory, 0o555)
    const isRoot = process.getuid?.() === 0
    if (isRoot) await chmod(temporary.path, 0o755)
    // Permissions do not hold root back, so root starts the command as another user.
    const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
    if (isRoot && (await runToItsEnd(['--version'], user)).status !== 0) {
      t.skip('another user than root can not read this checkout')
      return
    }
    const { status, stderr } = await runToItsEnd(startArguments({ dataDirectory: directory }), user)
    assert.equal(status, CAN_NOT_START)
    assert.ok(stderr.includes(directory), stderr)
    assert.match(stderr, /permission|writ/i)
    assertOneLine(stderr)
    assert.deepEqual(await readdir(directory), [])
    await chown(directory, process.getuid?.() ?? 0, process.getgid?.() ?? 0)
  })

  test('a data directory in use by another process: refused, and the other goes on', async () => {
    const first = await startOttlaProcess({ dataDirectory: path('shared') })
    try {
      const { status, stderr } = await runToItsEnd(startArguments({ dataDirectory: path('shared') }))
      assert.equal(status, CAN_NOT_START)
      assert.match(stderr, /use|lock/i)
      assert.ok(stderr.includes(path('shared')), stderr)
      assertOneLine(stderr)
      const connection = await WireConnection.open(first.port)
      assert.ok(await connection.ask(apiVersionsV0()))
      connection.close()
    } finally {
      await first.close()
    }
  })

  test('the lock of a killed process holds nobody up', async () => {
    const first = await startOttlaProcess({ dataDirectory: path('killed') })
    await first.stop('SIGKILL')
    await first.start()
    await first.close()
  })

  test('a data directory of another format: refused, and nothing in it is touched', async () => {
    await mkdir(path('future'))
    await writeFile(path('future/meta.properties'), 'version=99\nnode.id=1\ncluster.id=abc\n')
    const { status, stderr } = await runToItsEnd(startArguments({ dataDirectory: path('future') }))
    assert.equal(status, CAN_NOT_START)
    assert.match(stderr, /meta\.properties/)
    assertOneLine(stderr)
  })

  const refused: { what: string; args: string[]; says: RegExp; status: number }[] = [
    {
      what: 'a setting nobody knows',
      args: ['--set', 'log.retenton.hours=1'],
      says: /log\.retenton\.hours.*log\.retention\.hours/,
      status: CAN_NOT_START,
    },
    {
      what: 'a setting that is no number',
      args: ['--set', 'num.partitions=many'],
      says: /num\.partitions/,
      status: CAN_NOT_START,
    },
    {
      what: 'a setting out of range',
      args: ['--set', 'num.partitions=0'],
      says: /num\.partitions/,
      status: CAN_NOT_START,
    },
    { what: 'a setting without a value', args: ['--set', 'num.partitions'], says: /NAME=VALUE/i, status: WRONG_USAGE },
    { what: 'an option nobody knows', args: ['--lisen', '127.0.0.1:0'], says: /--lisen/, status: WRONG_USAGE },
    { what: 'an address that is none', args: ['--listen', 'nowhere'], says: /nowhere/, status: WRONG_USAGE },
    {
      what: 'a configuration file that is not there',
      args: ['--config', '/nowhere.properties'],
      says: /nowhere\.properties/,
      status: CAN_NOT_START,
    },
  ]
  for (const { what, args, says, status: expected } of refused) {
    test(`${what}: says so`, async () => {
      const { status, stderr } = await runToItsEnd([...startArguments({ dataDirectory: path('refused') }), ...args])
      assert.match(stderr, says)
      assert.equal(status, expected)
      assert.doesNotMatch(stderr, /^\s+at /m)
    })
  }

  test('a setting that Kafka has and Ottla does not use: a warning, and it starts', async () => {
    const broker = await startOttlaProcess({ settings: { 'num.replica.fetchers': 2 } })
    assert.match(broker.stderr, /num\.replica\.fetchers/)
    await broker.close()
  })

  test('SIGTERM stops it with status 0, also with connections open', async () => {
    const broker = await startOttlaProcess()
    const connections = await Promise.all(Array.from({ length: 20 }, () => WireConnection.open(broker.port)))
    assert.equal(await broker.stop('SIGTERM'), 0)
    assert.doesNotMatch(broker.stderr, /cutting off connections/)
    for (const connection of connections) connection.close()
    await broker.close()
  })
})

/** Beside the log's own lines (JSON) stands the reason, alone: no stack trace, nothing to search through. */
function assertOneLine(stderr: string): void {
  const lines = stderr
    .trim()
    .split('\n')
    .filter(line => !line.startsWith('{'))
  assert.equal(lines.length, 1, stderr)
}

function runToItsEnd(
  args: string[],
  user: { uid?: number; gid?: number } = {},
): Promise<{ status: number | null; stderr: string }> {
  const child = spawn(process.execPath, [ottlaScript, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 120_000,
    ...user,
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', status => resolve({ status, stderr }))
  })
}
