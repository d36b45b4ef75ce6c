import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { seededRandom } from './arrivals.ts'
import { Crowd } from './crowd.ts'
import type { Posted } from './post-order.ts'

const answer = (status: number): Posted => ({ status, orderId: '', body: '' })

/** A crowd on a mocked clock; `answers` resolve the orders that wait, in the order they came. */
function crowd() {
  mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = 0
  const answers: ((posted: Posted) => void)[] = []
  const subject = new Crowd({
    style: 'events',
    random: seededRandom(1),
    now: () => nowMs,
    send: () => new Promise(resolve => answers.push(resolve)),
  })
  const pass = (ms: number) => {
    for (let step = 0; step < ms; step += 1) {
      nowMs += 1
      mock.timers.tick(1)
    }
  }
  return { subject, answers, pass }
}

test('customers keep coming at their rate although nobody is answered', () => {
  const { subject, pass } = crowd()
  subject.setRate(100)
  pass(5000)
  const { sent, waiting } = subject.view()
  assert.ok(sent > 400 && sent < 600, `${sent} in 5 s at 100/s`)
  assert.equal(waiting, sent)
  subject.setRate(0)
  pass(1000)
  assert.equal(subject.view().sent, sent)
  mock.timers.reset()
})

test('a spike is so many orders, evenly over its time, beside the usual ones', () => {
  const { subject, pass } = crowd()
  subject.spike(50, 1000)
  pass(500)
  assert.ok(Math.abs(subject.view().sent - 25) <= 1, `${subject.view().sent} at half time`)
  pass(1000)
  assert.equal(subject.view().sent, 50)
  assert.equal(subject.view().spikeLeft, 0)
  mock.timers.reset()
})

test('latency counts from the instant at which the customer came, and each outcome is counted as what it is', async () => {
  const { subject, answers, pass } = crowd()
  subject.spike(4, 4)
  pass(10)
  assert.equal(answers.length, 4)
  pass(90)
  for (const [index, status] of [201, 202, 402, 503].entries()) answers[index]!(answer(status))
  await new Promise(setImmediate)
  const point = subject.takePoint()
  assert.deepEqual(
    { ...point, p50Ms: Math.round(point.p50Ms ?? 0), p99Ms: Math.round(point.p99Ms ?? 0) },
    { sent: 4, accepted: 1, stored: 1, declined: 1, failed: 1, waiting: 0, p50Ms: 98, p99Ms: 100 },
  )
  assert.equal(subject.takePoint().p50Ms, null)
  mock.timers.reset()
})
