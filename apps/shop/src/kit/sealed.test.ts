import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newKey, seal, unseal } from './sealed.ts'

test('what a key has sealed only that key opens, and never twice the same bytes', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      const key = newKey()
      const sealed = seal(key, text)
      assert.equal(unseal(key, sealed), text)
      assert.notDeepEqual(seal(key, text), sealed)
      assert.throws(() => unseal(newKey(), sealed))
    }),
  )
})

test('a changed byte is noticed', () => {
  const key = newKey()
  const sealed = seal(key, 'Erasmus, Basel')
  const text = Buffer.from(sealed.text, 'base64')
  text[0]! ^= 1
  assert.throws(() => unseal(key, { ...sealed, text: text.toString('base64') }))
})
