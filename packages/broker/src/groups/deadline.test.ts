import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualTime } from '../testing/manual-time.ts'
import { Deadline } from './deadline.ts'

function start(): { time: ManualTime; deadline: Deadline; expirations: () => number } {
  const time = new ManualTime()
  let count = 0
  const deadline = new Deadline({ timers: time, onExpired: () => void count++ })
  return { time, deadline, expirations: () => count }
}

test('expires once, at its time, however often it was moved', () => {
  const { time, deadline, expirations } = start()
  for (let i = 0; i < 10; i++) {
    deadline.renew(1_000)
    time.advance(999)
  }
  assert.equal(expirations(), 0)
  time.advance(1)
  assert.equal(expirations(), 1)
  time.advance(10_000)
  assert.equal(expirations(), 1)
})

test('can be brought forward', () => {
  const { time, deadline, expirations } = start()
  deadline.renew(60_000)
  deadline.renew(10)
  time.advance(10)
  assert.equal(expirations(), 1)
})

test('takes no timer of its own for being moved', () => {
  const { time, deadline } = start()
  for (let i = 0; i < 100; i++) deadline.renew(1_000 + i)
  assert.equal(time.size, 1)
  deadline.cancel()
  assert.equal(time.size, 0)
})

test('begins anew after a pause of the process, and forgives a little lateness without doing so', () => {
  const { time, deadline, expirations } = start()
  deadline.renew(1_000)
  time.pause(5_000)
  assert.equal(expirations(), 0)
  time.advance(999)
  assert.equal(expirations(), 0)
  time.advance(1)
  assert.equal(expirations(), 1)
  deadline.renew(1_000)
  time.pause(1_400)
  assert.equal(expirations(), 2)
})
