/** Random values of every message in every version survive encoding and decoding. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { arbitraryFields } from './testing/arbitrary-message.ts'
import { allMessages, versionsOf } from './testing/messages.ts'

describe('every message', () => {
  for (const message of allMessages.values()) {
    it(`${message.name} decodes to what was encoded, in each version`, () => {
      for (const version of versionsOf(message)) {
        fc.assert(
          fc.property(arbitraryFields(message.fields, version), value => {
            assert.deepEqual(message.decode(message.encode(value, version), version), value)
          }),
          { numRuns: 25 },
        )
      }
    })
  }
})
