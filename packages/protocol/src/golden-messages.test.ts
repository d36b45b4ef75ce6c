/** Every golden vector decodes to its content and encodes to its bytes. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type GoldenVector, goldenVectors } from './testing/golden-vectors.ts'
import { fromKafkaJson } from './testing/kafka-json.ts'
import { allMessages, versionsOf } from './testing/messages.ts'

describe('golden messages', () => {
  it('cover every version of every message', () => {
    const covered = new Set(goldenVectors.map(({ message, version }) => `${message} v${version}`))
    const missing = [...allMessages.values()]
      .flatMap(message => versionsOf(message).map(version => `${message.name} v${version}`))
      .filter(id => !covered.has(id))
    assert.deepEqual(missing, [])
    assert.equal(goldenVectors.length, 2214)
  })

  for (const [name, group] of Map.groupBy(goldenVectors, vector => vector.message)) {
    it(`${name} decodes and encodes byte for byte`, () => {
      const message = allMessages.get(name)
      assert.ok(message, `no message ${name}`)
      for (const { version, json, hex } of group) {
        const decoded = message.decode(Buffer.from(hex, 'hex'), version) as GoldenVector['json']
        const expected = fromKafkaJson(message.fields, json, decoded)
        assert.deepEqual(decoded, expected, `${name} v${version} decoded`)
        assert.equal(message.encode(decoded, version).toString('hex'), hex, `${name} v${version} encoded again`)
        assert.equal(message.encode(expected, version).toString('hex'), hex, `${name} v${version} encoded from JSON`)
      }
    })
  }
})
