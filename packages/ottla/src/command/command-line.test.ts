import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, suite, test } from 'node:test'

const bin = new URL('../bin.ts', import.meta.url).pathname
const directory = mkdtempSync(join(tmpdir(), 'ottla-command-'))
after(() => rmSync(directory, { recursive: true, force: true }))

function run(...words: string[]) {
  const child = spawn(process.execPath, [bin, ...words], { stdio: ['ignore', 'pipe', 'pipe'], cwd: directory })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, ...output }))
  const ready = once(createInterface(child.stdout), 'line').then(([line]) => line as string)
  return { child, ended, ready }
}

const startOn = (name: string, ...words: string[]) =>
  run('start', '--listen', '127.0.0.1:0', '--data-dir', join(directory, name), ...words)

suite('the ottla command', () => {
  test('says in one line where it listens, logs JSON lines to standard error, and stops on SIGTERM with 0', async () => {
    const { child, ready, ended } = startOn('ready')
    assert.match(await ready, /^Ottla is ready at kafka:\/\/127\.0\.0\.1:\d+$/)
    child.kill('SIGTERM')
    const { status, stdout, stderr } = await ended
    assert.equal(status, 0)
    assert.equal(stdout.trim().split('\n').length, 1)
    for (const line of stderr.trim().split('\n')) assert.equal(typeof JSON.parse(line).msg, 'string')
  })

  test('serves its health on a port of its own where that is asked for, by option or setting', async () => {
    for (const words of [
      ['--http-port', '0'],
      ['--set', 'http.port=0'],
    ]) {
      const { child, ready, ended } = startOn('http', ...words)
      const [, address] = /, (http:\/\/127\.0\.0\.1:\d+)$/.exec(await ready) ?? assert.fail(await ready)
      assert.equal((await fetch(`${address}/healthz`)).status, 200)
      child.kill('SIGTERM')
      assert.equal((await ended).status, 0)
    }
    const wrong = await startOn('http', '--set', 'http.port=99999').ended
    assert.equal(wrong.status, 1)
    assert.match(wrong.stderr, /http\.port must be a port/)

    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const taken = await startOn('http', '--http-port', String(port)).ended
    other.close()
    assert.equal(taken.status, 1)
    assert.match(taken.stderr, /EADDRINUSE.*choose another port with --http-port/)
  })

  test('starts without a command, and stops on SIGINT with 0', async () => {
    const { child, ready, ended } = run(
      '--listen',
      '127.0.0.1:0',
      '--data-dir',
      join(directory, 'bare'),
      '--no-console',
    )
    await ready
    child.kill('SIGINT')
    assert.equal((await ended).status, 0)
  })

  test('ends quietly when its reader has read enough', async () => {
    const { child, ended } = run('apis')
    child.stdout.destroy()
    const { status, stderr } = await ended
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
  })

  test('refuses a port in use with what to do', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const { status, stderr, stdout } = await run(
      'start',
      '--listen',
      `127.0.0.1:${port}`,
      '--data-dir',
      join(directory, 'port'),
    ).ended
    server.close()
    assert.equal(status, 1)
    assert.equal(stdout, '')
    assert.match(stderr, new RegExp(`^ottla: 127\\.0\\.0\\.1:${port} is in use.*--listen`), 'the reason comes first')
  })

  test('refuses a data directory that another process uses, one that is a file, and one that cannot be made', async () => {
    const first = startOn('shared')
    await first.ready
    const second = await startOn('shared').ended
    assert.equal(second.status, 1)
    assert.match(second.stderr, /shared/)
    first.child.kill('SIGTERM')
    assert.equal((await first.ended).status, 0)

    writeFileSync(join(directory, 'file'), '')
    const onFile = await startOn('file').ended
    assert.equal(onFile.status, 1)
    assert.match(onFile.stderr, /ottla: .*file/)

    const nowhere = await run('start', '--listen', '127.0.0.1:0', '--data-dir', '/proc/ottla').ended
    assert.equal(nowhere.status, 1)
    assert.match(nowhere.stderr, /ottla: .*\/proc\/ottla/)
  })

  test('refuses an unknown setting and proposes the nearest, warns of one without effect, takes a file', async () => {
    const unknown = await startOn('unknown', '--set', 'num.partition=3').ended
    assert.equal(unknown.status, 1)
    assert.match(unknown.stderr, /Unknown setting num\.partition: did you mean num\.partitions\?/)

    const config = join(directory, 'server.properties')
    writeFileSync(
      config,
      `listeners=PLAINTEXT://127.0.0.1:0\nlog.dirs=${join(directory, 'configured')}\nnum.io.threads=8\n`,
    )
    const { child, ready, ended } = run('start', '--config', config)
    await ready
    child.kill('SIGTERM')
    const { status, stderr } = await ended
    assert.equal(status, 0)
    assert.equal(stderr.split('num.io.threads').length, 2, 'warned of once')

    const missing = await run('start', '--config', join(directory, 'nothing.properties')).ended
    assert.equal(missing.status, 1)
    assert.match(missing.stderr, /--config/)
  })

  test('ends with 2 on wrong usage', async () => {
    for (const words of [
      ['strat'],
      ['start', '--listen', 'nowhere'],
      ['start', '--durability', 'maybe'],
      ['start', '--set', 'x'],
      ['start', 'now'],
    ]) {
      const { status, stderr } = await run(...words).ended
      assert.equal(status, 2, words.join(' '))
      assert.notEqual(stderr, '')
    }
  })

  test('keeps what Node has compiled in a directory of this user, and does without where it may not write', async () => {
    const before = { ...process.env }
    try {
      delete process.env.NODE_COMPILE_CACHE // says the same for all of Node
      process.env.XDG_CACHE_HOME = join(directory, 'cache')
      assert.equal((await run('apis').ended).status, 0)
      assert.notDeepEqual(readdirSync(join(directory, 'cache', 'ottla', 'compiled')), [])
      process.env.XDG_CACHE_HOME = '/proc/nowhere'
      assert.deepEqual({ ...(await run('apis').ended), stdout: '' }, { status: 0, stdout: '', stderr: '' })
    } finally {
      process.env = before
    }
  })

  test('prints the API table that ApiVersions advertises', async () => {
    const { status, stdout } = await run('apis').ended
    assert.equal(status, 0)
    assert.match(stdout, /^ +18 {2}ApiVersions +0-5$/m)
  })
})
