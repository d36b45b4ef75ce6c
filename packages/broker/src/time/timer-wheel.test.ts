import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TimerWheel } from './timer-wheel.ts'

function wheelAt() {
  let nowMs = 0
  const wheel = new TimerWheel({ tickMs: 10, nowMs: () => nowMs })
  const advanceTo = (ms: number): void => {
    nowMs = ms
    wheel.advance()
  }
  return { wheel, advanceTo }
}

test('fires a timer once, not before its time', () => {
  const { wheel, advanceTo } = wheelAt()
  const fired: number[] = []
  wheel.after(25, () => fired.push(wheel.nowMs()))
  advanceTo(24)
  assert.deepEqual(fired, [])
  advanceTo(30)
  advanceTo(100)
  assert.deepEqual(fired, [30])
  wheel.close()
})

test('does not call what was cancelled', () => {
  const { wheel, advanceTo } = wheelAt()
  const timer = wheel.after(10, () => assert.fail('cancelled'))
  timer.cancel()
  timer.cancel()
  advanceTo(50)
  assert.equal(wheel.size, 0)
})

test('lets an action cancel another timer of the same moment, and schedule anew', () => {
  const { wheel, advanceTo } = wheelAt()
  const fired: string[] = []
  wheel.after(10, () => {
    fired.push('first')
    second.cancel()
    wheel.after(10, () => fired.push('third'))
  })
  const second = wheel.after(10, () => fired.push('second'))
  advanceTo(10)
  assert.deepEqual(fired, ['first'])
  advanceTo(20)
  assert.deepEqual(fired, ['first', 'third'])
  wheel.close()
})

test('keeps what is further away than a turn of the ring', () => {
  const { wheel, advanceTo } = wheelAt()
  let isFired = false
  wheel.after(30_000, () => {
    isFired = true
  })
  for (let ms = 0; ms < 30_000; ms += 500) advanceTo(ms)
  assert.equal(isFired, false)
  advanceTo(30_000)
  assert.equal(isFired, true)
})

test('fires everything that is due after the process stood still for longer than a turn', () => {
  const { wheel, advanceTo } = wheelAt()
  const fired: number[] = []
  for (const delayMs of [10, 5_000, 40_000, 60_000]) wheel.after(delayMs, () => fired.push(delayMs))
  advanceTo(45_000)
  assert.deepEqual(
    fired.sort((a, b) => a - b),
    [10, 5_000, 40_000],
  )
  wheel.close()
})

test('fires each timer exactly once and never early, whatever the steps of time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 15_000 }), { minLength: 1, maxLength: 20 }),
      (delays, steps) => {
        const { wheel, advanceTo } = wheelAt()
        const firedAt = delays.map((): number[] => [])
        delays.forEach((delayMs, index) => {
          wheel.after(delayMs, () => firedAt[index]!.push(wheel.nowMs()))
        })
        let nowMs = 0
        for (const step of [...steps, 60_000]) {
          nowMs += step
          advanceTo(nowMs)
        }
        delays.forEach((delayMs, index) => {
          assert.equal(firedAt[index]!.length, 1)
          assert.ok(firedAt[index]![0]! >= delayMs)
        })
        assert.equal(wheel.size, 0)
      },
    ),
  )
})

test('tells when the next timer fires, so that time can be moved from one to the next', () => {
  const { wheel, advanceTo } = wheelAt()
  assert.equal(wheel.nextDueMs(), null)
  wheel.after(45_000, () => undefined)
  const near = wheel.after(25, () => undefined)
  assert.equal(wheel.nextDueMs(), 30)
  near.cancel()
  assert.equal(wheel.nextDueMs(), 45_000)
  advanceTo(45_000)
  assert.equal(wheel.nextDueMs(), null)
})

test('fires by itself, in real time, what an action schedules too', async () => {
  const wheel = new TimerWheel()
  const fired = (delayMs: number) => new Promise<void>(resolve => wheel.after(delayMs, resolve))
  await Promise.all([fired(30), fired(10), fired(1).then(() => fired(5))])
  assert.equal(wheel.size, 0)
})

test('waits for what is years away without setting a timer that the runtime does not have', async () => {
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  const wheel = new TimerWheel()
  wheel.after(Number.MAX_SAFE_INTEGER, () => assert.fail('not yet'))
  await new Promise(resolve => setImmediate(resolve))
  process.off('warning', note)
  wheel.close()
  assert.deepEqual(warnings, [])
})
