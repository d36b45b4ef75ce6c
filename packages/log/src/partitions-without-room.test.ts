/** A start on a full disk: what can't be put in order waits for room, and comes back by itself. */

import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { test } from 'node:test'
import type { Timers } from './environment.ts'
import { bootIdFileName } from './file-names.ts'
import { LogDirectory } from './log-directory.ts'
import type { PartitionLog } from './partition-log.ts'
import { appendDurably, readValues } from './testing/batches.ts'
import { logConfig } from './testing/crash-explorer.ts'
import { type FaultyFileSystem, faultyFileSystem } from './testing/faulty-file-system.ts'
import { topicId } from './testing/log-fixture.ts'
import { RecordingLogger } from './testing/recording-logger.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'

const config = { ...logConfig, segmentBytes: 200 }

/** Timers that ring when the test says so. */
class ManualTimers implements Timers {
  readonly #waiting = new Map<object, { delayMs: number; action: () => void }>()

  after = (delayMs: number, action: () => void) => {
    const timer = { cancel: () => void this.#waiting.delete(timer) }
    this.#waiting.set(timer, { delayMs, action })
    return timer
  }

  /** Lets those of one delay ring. */
  ring(delayMs: number): number {
    const due = [...this.#waiting].filter(([, timer]) => timer.delayMs === delayMs)
    for (const [key, { action }] of due) {
      this.#waiting.delete(key)
      action()
    }
    return due.length
  }
}

interface Started {
  directory: LogDirectory
  fileSystem: FaultyFileSystem
  timers: ManualTimers
  logger: RecordingLogger
  returned: PartitionLog[]
}

/** A directory after a kill, opened while there is no room for the indexes that recovery writes. */
async function startWithoutRoom(path: string): Promise<Started> {
  const before = await LogDirectory.open({ path, logger: new RecordingLogger(), defaultConfig: config })
  const log = await before.create({ topic: 'orders', partition: 0, topicId, config })
  const other = await before.create({ topic: 'others', partition: 0, topicId, config })
  await appendDurably(other, { values: ['other'] })
  for (const value of ['a', 'b', 'c', 'd']) await appendDurably(log, { values: [value.repeat(60)] })
  await before.close()
  // As after a kill, with nothing known of what was flushed.
  await rm(`${path}/.kafka_cleanshutdown`)
  await rm(`${path}/recovery-point-offset-checkpoint`)

  const fileSystem = faultyFileSystem()
  fileSystem.bootIdNow = 'this boot'
  const timers = new ManualTimers()
  const logger = new RecordingLogger()
  fileSystem.fault = ({ operation, path }) =>
    ['open', 'write'].includes(operation) && path.includes('orders-0') && path.endsWith('index') ? 'ENOSPC' : undefined
  const directory = await LogDirectory.open({ path, logger, defaultConfig: config, fileSystem, timers })
  const returned: PartitionLog[] = []
  directory.onReturn(log => returned.push(log))
  return { directory, fileSystem, timers, logger, returned }
}

/** Until what a timer began has settled. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 1))
}

test('a partition that a full disk kept offline comes back when there is room, and the others never wait', async t => {
  const { directory, fileSystem, timers, returned } = await startWithoutRoom(`${await temporaryDirectory(t)}/data`)
  t.after(() => directory.close())
  const offline = directory.get('orders', 0)!
  assert.equal(offline.offlineReason?.code, 'ENOSPC')
  assert.throws(() => offline.append(Buffer.alloc(0), { origin: 'client' }), { errorName: 'KAFKA_STORAGE_ERROR' })
  assert.deepEqual(await readValues(directory.get('others', 0)!), ['0:other'])
  offline.updateConfig({ ...config, retentionMs: 12_345 })

  assert.equal(timers.ring(1000), 1)
  await until(() => timers.ring(2000) === 1)
  assert.equal(directory.get('orders', 0), offline, 'there is no room yet')

  fileSystem.fault = undefined
  await until(() => timers.ring(4000) === 1 || returned.length > 0)
  await until(() => returned.length > 0)
  const log = directory.get('orders', 0)!
  assert.deepEqual(returned, [log])
  assert.equal(log.isOffline, false)
  assert.equal(log.config.retentionMs, 12_345)
  assert.deepEqual(
    (await readValues(log)).map(value => value.slice(0, 3)),
    ['0:a', '1:b', '2:c', '3:d'],
  )
  assert.equal(await appendDurably(log, { values: ['e'] }), 4)
})

test('a partition that waits for room can be deleted', async t => {
  const { directory, fileSystem, timers, returned } = await startWithoutRoom(`${await temporaryDirectory(t)}/data`)
  t.after(() => directory.close())
  fileSystem.fault = undefined
  assert.equal(timers.ring(1000), 1)
  await directory.delete('orders', 0)
  assert.equal(directory.get('orders', 0), undefined)
  assert.deepEqual(returned, [])
  const log = await directory.create({ topic: 'orders', partition: 0, topicId, config })
  assert.deepEqual(await readValues(log), [])
})

test('as long as a partition waits for room, the next start looks as closely as this one', async t => {
  const path = `${await temporaryDirectory(t)}/data`
  const noted = () => readFile(`${path}/${bootIdFileName}`, 'utf8').catch(() => null)
  const { directory, fileSystem } = await startWithoutRoom(path)
  await directory.close()
  assert.notEqual(await noted(), 'this boot')
  fileSystem.fault = undefined
  const next = await LogDirectory.open({ path, logger: new RecordingLogger(), defaultConfig: config, fileSystem })
  await next.close()
  assert.equal(await noted(), 'this boot')
})

test('a start that has no room for anything serves what needs none', async t => {
  const path = `${await temporaryDirectory(t)}/data`
  const before = await LogDirectory.open({ path, logger: new RecordingLogger(), defaultConfig: config })
  await appendDurably(await before.create({ topic: 'orders', partition: 0, topicId, config }), { values: ['kept'] })
  await before.close()
  const fileSystem = faultyFileSystem()
  fileSystem.bootIdNow = 'this boot'
  fileSystem.fault = ({ operation }) => (operation === 'write' ? 'ENOSPC' : undefined)
  const directory = await LogDirectory.open({ path, logger: new RecordingLogger(), defaultConfig: config, fileSystem })
  assert.deepEqual(await readValues(directory.get('orders', 0)!), ['0:kept'])
  fileSystem.fault = undefined
  await directory.close()
})
