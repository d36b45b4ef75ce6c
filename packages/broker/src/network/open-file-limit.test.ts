import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFileLimit, shareDescriptors } from './open-file-limit.ts'

test('knows the limit of this process', () => {
  assert.ok(openFileLimit() >= 64)
})

test('log files and connections never have more than there is, and each has some', () => {
  for (const limit of [100, 256, 1024, 4096, 20_000, 1_048_576]) {
    const { logFiles, connections } = shareDescriptors(limit)
    assert.ok(logFiles + connections + 64 <= limit, `${limit}`)
    assert.ok(logFiles >= Math.min(1000, limit / 4) && connections >= 1, `${limit}`)
  }
  assert.deepEqual(shareDescriptors(Number.POSITIVE_INFINITY), {
    logFiles: 1000,
    connections: Number.POSITIVE_INFINITY,
  })
  assert.deepEqual(shareDescriptors(1), { logFiles: 1, connections: 1 })
})
