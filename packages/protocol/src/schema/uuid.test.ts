import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isUuid, uuidFromBytes, uuidToBytes, zeroUuid } from './uuid.ts'

it('a uuid is 22 characters of URL-safe base64', () => {
  const bytes = Buffer.from('cb7ea17769ebb51570af576d629e0b6c', 'hex')
  assert.equal(uuidFromBytes(bytes), 'y36hd2nrtRVwr1dtYp4LbA')
  assert.deepEqual(uuidToBytes('y36hd2nrtRVwr1dtYp4LbA'), bytes)
  assert.equal(uuidFromBytes(Buffer.alloc(16)), zeroUuid)
})

it('only the canonical form counts', () => {
  assert.ok(isUuid(zeroUuid))
  assert.ok(!isUuid('y36hd2nrtRVwr1dtYp4LbB'), 'bits beyond the sixteenth byte')
  assert.ok(!isUuid('y36hd2nrtRVwr1dtYp4Lb'))
  assert.ok(!isUuid('y36hd2nrtRVwr1dtYp4Lb!'))
  assert.throws(() => uuidToBytes('y36'), /not a uuid/)
})
