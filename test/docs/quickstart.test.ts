/** docs/quickstart.md, run as it stands, but for the port and the directory of the data. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ottlaScript, startOttlaProcess } from '../support/ottla-process.ts'

const root = join(import.meta.dirname, '..', '..')
const text = readFileSync(join(root, 'docs', 'quickstart.md'), 'utf8')
/** The first one starts the broker. */
const [, commands = ''] = [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, code = '']) => code)
const [program = ''] = [...text.matchAll(/```js\n(.*?)```/gs)].map(([, code = '']) => code)

test('the quickstart does what it says', { timeout: 120_000 }, async t => {
  const ottla = await startOttlaProcess()
  t.after(() => ottla.close())
  const env = { ...process.env, KAFKA_BROKERS: ottla.address, NO_COLOR: '1' }

  const typed = start(
    'bash',
    ['-e', '-c', commands.replaceAll('npx ottla', `"${process.execPath}" "${ottlaScript}"`)],
    env,
  )
  await typed.until('two mugs')
  assert.deepEqual(await typed.ended, [0, null])

  const code = program.replace('127.0.0.1:9092', ottla.address)
  assert.ok(code.includes(ottla.address))
  const run = start(process.execPath, ['--input-type=module', '--eval', code], env)
  t.after(() => run.kill())
  await run.until('order-1: two mugs\n')
  await run.until('order-2: three plates\n')
})

function start(command: string, args: string[], env: NodeJS.ProcessEnv) {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      child.emit('printed')
    })
  }
  return {
    ended,
    kill: () => child.kill('SIGKILL'),
    /** Resolves when it has printed this; rejects when it ends without. */
    async until(text: string): Promise<void> {
      const hasEnded = ended.then(() => true)
      while (!printed.includes(text)) {
        const end = await Promise.race([once(child, 'printed').then(() => false), hasEnded])
        assert.ok(!end || printed.includes(text), `it has not printed ${text.trim()}, but:\n${printed}`)
      }
    },
  }
}
