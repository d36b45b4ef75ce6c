import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallRefusedError, ServiceUnavailableError } from './call.ts'
import { Breaker, Bulkhead, withRetries } from './resilience.ts'

const away = () => Promise.reject(new ServiceUnavailableError('stock', 'is away'))
const refuse = () => Promise.reject(new CallRefusedError('stock', 422, 'no'))
const isRetriable = (error: unknown) => error instanceof ServiceUnavailableError

test('a breaker opens after five failures in a row, lets one call try after a while, and closes when it succeeds', async () => {
  let now = 0
  let calls = 0
  const breaker = new Breaker('stock', () => now)
  const failing = () => {
    calls += 1
    return away()
  }
  for (let n = 0; n < 5; n += 1) await assert.rejects(breaker.run(failing), /is away/)
  assert.equal(breaker.state, 'open')
  await assert.rejects(breaker.run(failing), /left alone/)
  assert.equal(calls, 5)
  now = 2000
  assert.equal(breaker.state, 'half-open')
  const { promise, resolve } = Promise.withResolvers<string>()
  const trial = breaker.run(() => promise)
  await assert.rejects(breaker.run(failing), /left alone/, 'one at a time')
  resolve('well')
  assert.equal(await trial, 'well')
  assert.equal(breaker.state, 'closed')
})

test('a trial that fails opens it again', async () => {
  let now = 0
  const breaker = new Breaker('stock', () => now)
  for (let n = 0; n < 5; n += 1) await assert.rejects(breaker.run(away))
  now = 2000
  await assert.rejects(breaker.run(away), /is away/)
  assert.equal(breaker.state, 'open')
})

test('a refusal is an answer, and opens nothing', async () => {
  const breaker = new Breaker('stock')
  for (let n = 0; n < 9; n += 1) await assert.rejects(breaker.run(refuse), /refused/)
  assert.equal(breaker.state, 'closed')
})

test('a call is repeated while that may help, and no longer', async () => {
  const options = { tries: 3, withinMs: 60_000, isRetriable, random: () => 0 }
  let tries = 0
  const count = (work: () => Promise<never>) => () => {
    tries += 1
    return work()
  }
  await assert.rejects(withRetries(count(away), options), /is away/)
  assert.equal(tries, 3)
  await assert.rejects(withRetries(count(refuse), options), /refused/)
  assert.equal(tries, 4)
  await assert.rejects(withRetries(count(away), { ...options, withinMs: -1 }), /is away/)
  assert.equal(tries, 5, 'no time for a second try')
})

test('a bulkhead is full with its limit, and has room again after an end of whatever kind', async () => {
  const bulkhead = new Bulkhead(2)
  const { promise, reject } = Promise.withResolvers<never>()
  const both = [bulkhead.run(() => promise), bulkhead.run(() => promise)]
  assert.equal(bulkhead.isFull, true)
  reject(new Error('no'))
  for (const result of await Promise.allSettled(both)) assert.equal(result.status, 'rejected')
  assert.equal(bulkhead.isFull, false)
})
