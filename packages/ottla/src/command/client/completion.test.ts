import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { type Ottla, startOttla } from '../../index.ts'
import { shells } from './completion.ts'

const bin = new URL('../../bin.ts', import.meta.url).pathname
const run = promisify(execFile)

async function completionsOf(ottla: Ottla | null, ...words: string[]): Promise<string[]> {
  const env = { ...process.env, KAFKA_BROKERS: ottla?.brokers[0] ?? '127.0.0.1:1' }
  const { stdout } = await run(process.execPath, [bin, '__complete', '--', ...words], { env })
  return stdout.split('\n').filter(Boolean)
}

suite('completion', () => {
  test('offers commands, options and choices, and no names where none can be had', async () => {
    assert.deepEqual(await completionsOf(null, 'co'), ['completion', 'config', 'consume'])
    assert.deepEqual(await completionsOf(null, 'group', ''), ['delete', 'describe', 'list', 'reset'])
    assert.deepEqual(await completionsOf(null, 'group', 'reset', 'x', '--t'), ['--timeout', '--to', '--topic'])
    assert.deepEqual(await completionsOf(null, 'produce', 'x', '-z', 's'), ['snappy'])
    assert.deepEqual(await completionsOf(null, 'config', 'get', ''), ['broker', 'group', 'topic'])
    assert.deepEqual(await completionsOf(null, 'consume', ''), [])
  })

  test('offers the topics and groups of the cluster where they belong', async () => {
    await using ottla = await startOttla({ topics: { orders: {}, payments: {} } })
    const reset = ['group', 'reset', 'billing', '-t', 'orders', '--to', 'beginning', '--yes']
    await run(process.execPath, [bin, ...reset, '-b', ottla.brokers[0]!])
    assert.deepEqual(await completionsOf(ottla, 'consume', ''), ['orders', 'payments'])
    assert.deepEqual(await completionsOf(ottla, 'topic', 'delete', 'orders', 'p'), ['payments'])
    assert.deepEqual(await completionsOf(ottla, 'topic', 'create', ''), [])
    assert.deepEqual(await completionsOf(ottla, 'group', 'describe', ''), ['billing'])
    assert.deepEqual(await completionsOf(ottla, 'group', 'reset', 'billing', '-t', 'o'), ['orders'])
  })

  test('works in a real bash', {
    skip: spawnSync('bash', ['--version']).status === 0 ? false : 'no bash here',
  }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ottla-completion-'))
    try {
      const command = join(directory, 'ottla')
      writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`)
      chmodSync(command, 0o755)
      const script = `${shells.bash}\nCOMP_WORDS=(ottla topic de); COMP_CWORD=2; _ottla; printf '%s,' "\${COMPREPLY[@]}"`
      const { stdout } = await run('bash', ['-c', script], {
        env: { ...process.env, PATH: `${directory}:${process.env.PATH}` },
      })
      assert.equal(stdout, 'delete,describe,')
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
