import assert from 'node:assert/strict'
import { it } from 'node:test'
import { randomUuid } from './uuid.ts'

it('a random uuid is of version 4 and never begins with a dash', () => {
  const drawn = [Buffer.alloc(16, 0xfb), Buffer.alloc(16, 0x11)]
  assert.equal(Buffer.alloc(16, 0xfb).toString('base64url')[0], '-')
  const uuid = randomUuid(() => drawn.shift()!)
  assert.equal(Buffer.from(uuid, 'base64url').toString('hex'), '11111111111141119111111111111111')
  assert.deepEqual(drawn, [])
})
