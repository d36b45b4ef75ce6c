import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { backoffMs } from './backoff.ts'
import { acquireLock, tryFileLock } from './lock.ts'
import { readSettings } from './settings.ts'
import { nextHop, traceIdOf } from './trace.ts'
import { uuidv7 } from './uuid.ts'

const directory = await mkdtemp(join(tmpdir(), 'shop-kit-'))
after(() => rm(directory, { recursive: true }))

test('pauses grow from a tenth of a second and never beyond two seconds', () => {
  const longest = [1, 2, 3, 4, 5, 6, 50].map(failures => backoffMs(failures, () => 1))
  assert.deepEqual(longest, [100, 200, 400, 800, 1600, 2000, 2000])
  fc.assert(fc.property(fc.nat(1000), n => backoffMs(n + 1) >= 50 && backoffMs(n + 1) <= 2000))
})

test('ids are version 7, and sort by their time', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (a, b) => {
      const [first, second] = [uuidv7(a), uuidv7(b)]
      assert.match(first, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      if (a !== b) assert.equal(first < second, a < b)
    }),
  )
})

test('a trace goes on through its hops, and one that does not parse begins anew', () => {
  const first = nextHop()
  const second = nextHop(first)
  assert.equal(traceIdOf(second), traceIdOf(first))
  assert.notEqual(second, first)
  assert.match(nextHop('nonsense'), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
})

test('a lock has one holder; the next gets it when it is released', async () => {
  const path = join(directory, 'lock')
  const first = tryFileLock(path)
  assert.ok(first)
  assert.equal(tryFileLock(path), undefined)
  const waiting = acquireLock(() => tryFileLock(path), new AbortController().signal)
  first.release()
  const second = await waiting
  assert.equal(tryFileLock(path), undefined)
  second.release()
})

test('waiting for a lock ends with the signal', async () => {
  const path = join(directory, 'other-lock')
  const holder = tryFileLock(path)
  const stopping = new AbortController()
  const waiting = acquireLock(() => tryFileLock(path), stopping.signal)
  stopping.abort()
  await assert.rejects(waiting, { name: 'AbortError' })
  holder?.release()
})

test('a wrong setting is named', () => {
  assert.throws(() => readSettings('order', { PORT: 'x' }), /PORT/)
  assert.throws(() => readSettings('order', { KAFKA_BROKERS: 'nowhere' }), /KAFKA_BROKERS.*HOST:PORT/)
  assert.throws(() => readSettings('order', { PAYMENT_URL: 'payment' }), /PAYMENT_URL/)
  assert.deepEqual(readSettings('order', { KAFKA_BROKERS: 'a:1, b:2', SHOP_DATA: 'd' }).brokers, ['a:1', 'b:2'])
})
