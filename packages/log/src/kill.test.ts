/** What was acknowledged to a witness outside is there after the process is killed at any moment. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LogDirectory } from './log-directory.ts'
import { readValues } from './testing/batches.ts'
import { RecordingLogger } from './testing/recording-logger.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'

const writerPath = fileURLToPath(new URL('./testing/writer-process.ts', import.meta.url))

interface Writer {
  child: ChildProcess
  lines: AsyncIterator<string>
}

async function startWriter(path: string): Promise<Writer> {
  const child = spawn(process.execPath, [writerPath, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  assert.equal((await lines.next()).value, 'ready')
  return { child, lines }
}

test('no acknowledged record is lost by kill -9, six times over', async t => {
  const path = `${await temporaryDirectory(t)}/data`
  const acknowledged = new Map<string, string>()
  for (let round = 0; round < 6; round++) {
    const { child, lines } = await startWriter(path)
    const wanted = 100 + round * 150
    for (let count = 0; ; count++) {
      if (count === wanted) child.kill('SIGKILL')
      const { value: line, done } = await lines.next()
      if (done) break
      const [partition, offset, value] = line.split(' ')
      assert.ok(!acknowledged.has(`${partition} ${offset}`), `offset ${offset} given twice`)
      acknowledged.set(`${partition} ${offset}`, value!)
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')

    const directory = await LogDirectory.open({ path, logger: new RecordingLogger() })
    assert.equal(directory.wasCleanStop, false)
    const stored = new Map<string, string>()
    for (const log of directory.logs()) {
      assert.equal(log.offlineReason, undefined)
      for (const line of await readValues(log)) {
        const [offset, value] = line.split(/:(.*)/)
        stored.set(`${log.partition} ${offset}`, value!)
      }
    }
    await directory.close()
    for (const [key, value] of acknowledged) assert.equal(stored.get(key), value, key)
  }
})

test('a second process is refused while the first one lives, and not after it was killed', async t => {
  const path = `${await temporaryDirectory(t)}/data`
  const { child } = await startWriter(path)
  const open = () => LogDirectory.open({ path, logger: new RecordingLogger() })
  await assert.rejects(open(), (error: Error) => {
    assert.match(error.message, /already in use/)
    if (process.platform === 'linux') assert.match(error.message, new RegExp(`by process ${child.pid}\\b`))
    return true
  })
  child.kill('SIGKILL')
  await once(child, 'exit')
  await (await open()).close()
})
