import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type ErrorName, errorCode, errorName, errors, isRetriable, KafkaError } from './errors.ts'

it('every error has a code of its own, from -1 without a gap', () => {
  const codes = Object.values(errors).map(({ code }) => code)
  assert.deepEqual(
    codes,
    Array.from({ length: codes.length }, (_, index) => index - 1),
  )
  for (const name of Object.keys(errors) as ErrorName[]) assert.equal(errorName(errorCode(name)), name)
})

it('a code that nobody knows is an unknown server error', () => {
  assert.equal(errorName(30_000), 'UNKNOWN_SERVER_ERROR')
})

it('a KafkaError carries name, code and whether to try again', () => {
  const error = new KafkaError('NOT_COORDINATOR')
  assert.deepEqual(
    [error.errorName, error.code, error.retriable, error.message],
    ['NOT_COORDINATOR', 16, true, 'NOT_COORDINATOR'],
  )
  assert.equal(new KafkaError('INVALID_TOPIC_EXCEPTION', 'a/b').message, 'a/b')
  assert.equal(isRetriable('INVALID_TOPIC_EXCEPTION'), false)
})
