import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerKey, claimKey, failKey, failKeysInFlight, fingerprint } from './idempotency-key.ts'
import { type NotesTables, now, openNotes } from './testing.ts'

const claim = { key: 'k', fingerprint: fingerprint(['mug', 1]), resourceId: 'order-1', owner: 'order', now }

test('the same key is new, then in flight, then answered with the same answer', async () => {
  const database = await openNotes()
  assert.deepEqual(await claimKey<NotesTables>(database, claim), { kind: 'new' })
  assert.deepEqual(await claimKey<NotesTables>(database, { ...claim, resourceId: 'order-2' }), { kind: 'in-flight' })
  await answerKey<NotesTables>(database, 'k', { statusCode: 201, answer: { orderId: 'order-1' } })
  assert.deepEqual(await claimKey<NotesTables>(database, claim), {
    kind: 'answered',
    resourceId: 'order-1',
    statusCode: 201,
    answer: { orderId: 'order-1' },
  })
})

test('the same key with another request is refused, whatever became of the first', async () => {
  const database = await openNotes()
  await claimKey<NotesTables>(database, claim)
  const other = { ...claim, fingerprint: fingerprint(['mug', 2]) }
  assert.deepEqual(await claimKey<NotesTables>(database, other), { kind: 'other-request' })
})

test('after a failure the next try goes on with the first one’s resource', async () => {
  const database = await openNotes()
  await claimKey<NotesTables>(database, claim)
  await failKey<NotesTables>(database, 'k')
  assert.deepEqual(await claimKey<NotesTables>(database, { ...claim, resourceId: 'order-2' }), {
    kind: 'again',
    resourceId: 'order-1',
  })
  assert.deepEqual(await claimKey<NotesTables>(database, claim), { kind: 'in-flight' })
})

test('what was in flight when the process died has failed', async () => {
  const database = await openNotes()
  await claimKey<NotesTables>(database, claim)
  await failKeysInFlight<NotesTables>(database, 'order')
  assert.equal((await claimKey<NotesTables>(database, claim)).kind, 'again')
})
