/** What has to be on the disk before something else is: told by the order of calls. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { appendDurably } from './testing/batches.ts'
import { type FileOperation, faultyFileSystem } from './testing/faulty-file-system.ts'
import { logFixture } from './testing/log-fixture.ts'

function setUp() {
  const fileSystem = faultyFileSystem()
  /** The place of the first such call at or after `from`; fails where there is none. */
  const find = (operation: FileOperation, path: RegExp, from = 0): number => {
    const found = fileSystem.calls.findIndex(
      (call, i) => i >= from && call.operation === operation && path.test(call.path),
    )
    assert.ok(found >= 0, `no ${operation} of ${path} from call ${from} on`)
    return found
  }
  return { fileSystem, find }
}

test('a new partition: its files, its directory, the data directory', async t => {
  const { fileSystem, find } = setUp()
  await logFixture(t, { fileSystem })
  const files = ['partition.metadata', 'leader-epoch-checkpoint'].map(name =>
    find('rename', new RegExp(name), find('datasync', new RegExp(name))),
  )
  const log = find('open', /orders-0\/0+\.log$/)
  const partition = find('syncDirectory', /orders-0$/, Math.max(...files, log))
  find('syncDirectory', /data$/, partition)
})

test('rolling: the closed segment, its indexes, the snapshot and their names before the next file', async t => {
  const { fileSystem, find } = setUp()
  const { log } = await logFixture(t, { fileSystem, config: { segmentBytes: 200 } })
  await appendDurably(log, { values: ['x'.repeat(60)] })
  fileSystem.calls.length = 0
  await appendDurably(log, { values: ['x'.repeat(60)] })
  const next = find('open', /\/0+1\.log$/)
  const closed = find('datasync', /\/0{20}\.log$/)
  const rest = [/0{20}\.index$/, /0{20}\.timeindex$/, /0+1\.snapshot$/].map(path => find('datasync', path, closed))
  const names = find('syncDirectory', /orders-0$/, Math.max(...rest))
  assert.ok(names < next)
  find('syncDirectory', /orders-0$/, find('datasync', /\/0+1\.log$/, next))
})

test('a file that is replaced: flushed, renamed, its directory synced', async t => {
  const { fileSystem, find } = setUp()
  const { log } = await logFixture(t, { fileSystem })
  await appendDurably(log)
  await appendDurably(log)
  fileSystem.calls.length = 0
  await log.deleteRecordsBefore(1)
  const flushed = find('datasync', /log-start-offset-checkpoint\.tmp$/)
  const renamed = find('rename', /log-start-offset-checkpoint\.tmp$/, flushed)
  find('syncDirectory', /data$/, renamed)
})

test('a deleted partition: forgotten by the checkpoints, then renamed', async t => {
  const { fileSystem, find } = setUp()
  const { log, directory, path } = await logFixture(t, { fileSystem, config: { retentionMs: -1 } })
  await appendDurably(log)
  await appendDurably(log)
  await log.deleteRecordsBefore(1)
  await directory.upkeep()
  const checkpoint = (name: string) => readFile(`${path}/${name}-checkpoint`, 'utf8')
  assert.equal(await checkpoint('recovery-point-offset'), '0\n1\norders 0 2\n')
  assert.equal(await checkpoint('log-start-offset'), '0\n1\norders 0 1\n')
  fileSystem.calls.length = 0
  await directory.delete('orders', 0)
  assert.equal(await checkpoint('recovery-point-offset'), '0\n0\n')
  assert.equal(await checkpoint('log-start-offset'), '0\n0\n')
  const forgotten = ['recovery-point', 'log-start'].map(name =>
    find('rename', new RegExp(`${name}-offset-checkpoint.tmp$`)),
  )
  const renamed = find('rename', /orders-0$/)
  assert.ok(Math.max(...forgotten) < renamed)
  find('syncDirectory', /data$/, renamed)
})

test('a clean stop: everything else, then the marker', async t => {
  const { fileSystem, find } = setUp()
  const { log, directory } = await logFixture(t, { fileSystem })
  await appendDurably(log)
  fileSystem.calls.length = 0
  await directory.close()
  const indexes = [/\.index$/, /\.timeindex$/, /\.snapshot$/].map(path => find('datasync', path))
  const names = find('syncDirectory', /orders-0$/, Math.max(...indexes))
  const checkpoint = find('rename', /recovery-point-offset-checkpoint/, names)
  const marker = find('rename', /kafka_cleanshutdown/, checkpoint)
  find('syncDirectory', /data$/, marker)
})
