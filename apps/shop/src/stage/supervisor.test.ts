import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SupervisedProcess } from './supervisor.ts'

const directory = await mkdtemp(join(tmpdir(), 'shop-supervisor-'))
after(() => rm(directory, { recursive: true }))

async function supervised(source: string): Promise<SupervisedProcess> {
  const script = join(directory, `${crypto.randomUUID()}.mjs`)
  await writeFile(script, `console.log('up'); setInterval(() => {}, 1000); ${source}`)
  return new SupervisedProcess({
    name: 'child',
    command: () => ({ script, args: [], env: {} }),
    logFile: join(directory, 'child.log'),
  })
}

async function untilState(process: SupervisedProcess, state: string): Promise<void> {
  while (process.state !== state) await once(process, 'change')
}

test('a killed child has crashed and is started again; a stopped one stays stopped', async () => {
  const child = await supervised('')
  child.start()
  await once(child, 'line')
  const firstPid = child.pid
  child.kill()
  await untilState(child, 'crashed')
  assert.equal(child.crashes, 1)
  await once(child, 'line')
  assert.equal(child.state, 'running')
  assert.notEqual(child.pid, firstPid)
  await child.stop(5000)
  assert.equal(child.state, 'stopped')
  assert.equal(child.pid, undefined)
  assert.equal(child.crashes, 1)
})

test('a child that ignores SIGTERM is killed when its time is up, and that is a stop', async () => {
  const child = await supervised("process.on('SIGTERM', () => {})")
  child.start()
  await once(child, 'line')
  await child.stop(100)
  assert.equal(child.state, 'stopped')
})

test('a stop during the pause after a crash keeps the child down', async () => {
  const child = await supervised('process.exit(1)')
  child.start()
  await untilState(child, 'crashed')
  await child.stop(1000)
  assert.equal(child.state, 'stopped')
})
