import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FetchSessions, type FetchTarget } from './fetch-sessions.ts'

function sessionsOf(maxSessions: number) {
  const time = { nowMs: 0 }
  let nextId = 1
  const sessions = new FetchSessions({ maxSessions, nowMs: () => time.nowMs, randomId: () => nextId++ })
  const create = (size: number) => {
    const session = sessions.create({ size, usesTopicIds: false })
    const targets = Array.from({ length: size }, (_, partition) => targetOf(partition))
    session?.update({ targets, forgotten: [] })
    return session
  }
  return { sessions, create, time }
}

function targetOf(partition: number): FetchTarget {
  return {
    topicId: '',
    topic: 't',
    partition,
    currentLeaderEpoch: -1,
    fetchOffset: 0,
    lastFetchedEpoch: -1,
    maxBytes: 1,
  }
}

test('after the highest epoch comes 1', () => {
  const { sessions, create } = sessionsOf(1)
  const session = create(1)!
  session.nextEpoch = 2 ** 31 - 1
  sessions.resume({ id: session.id, epoch: 2 ** 31 - 1, usesTopicIds: false })
  assert.equal(session.nextEpoch, 1)
})

test('gives up the session that has not been used for longest, but none that is in use', () => {
  const { sessions, create, time } = sessionsOf(2)
  const first = create(3)!
  const second = create(3)!
  time.nowMs = 100_000
  sessions.resume({ id: first.id, epoch: 1, usesTopicIds: false })
  assert.equal(create(3), null)
  time.nowMs = 130_000
  assert.ok(create(1))
  assert.throws(() => sessions.resume({ id: second.id, epoch: 1, usesTopicIds: false }), {
    errorName: 'FETCH_SESSION_ID_NOT_FOUND',
  })
  sessions.resume({ id: first.id, epoch: 2, usesTopicIds: false })
})

test('gives up an old small session in use for a larger one, not for one of its size', () => {
  const { sessions, create, time } = sessionsOf(1)
  const small = create(2)!
  time.nowMs = 130_000
  sessions.resume({ id: small.id, epoch: 1, usesTopicIds: false })
  assert.equal(create(2), null)
  assert.ok(create(3))
  assert.equal(sessions.size, 1)
})

test('has no sessions at all when it is given no room', () => {
  assert.equal(sessionsOf(0).create(1), null)
})

test('partitions that gave records go to the end', () => {
  const { create } = sessionsOf(1)
  const session = create(3)!
  const [first] = session.partitions.values()
  session.moveToEnd(first!)
  assert.deepEqual(
    [...session.partitions.values()].map(({ partition }) => partition),
    [1, 2, 0],
  )
})
