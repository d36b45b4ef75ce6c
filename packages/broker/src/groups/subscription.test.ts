import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GroupHarness, subscription } from '../testing/group-harness.ts'

/** The topics that a group of one member is known to read when it sent these bytes. */
function topicsOf(metadata: Buffer, protocolType = 'consumer'): string[] | null {
  const harness = new GroupHarness()
  harness.join({ isOldClient: true, protocolType, protocols: [{ name: 'range', metadata }] })
  const topics = harness.group.subscribedTopics
  return topics === null ? null : [...topics]
}

test('reads the topics of every version of the subscription', () => {
  for (const version of [0, 1, 2, 3, 4, 32_767]) {
    const metadata = subscription('orders', 'zásilky')
    metadata.writeInt16BE(version, 0)
    assert.deepEqual(topicsOf(metadata), ['orders', 'zásilky'])
  }
})

test('joins what all members read', () => {
  const harness = new GroupHarness({ settings: { initialRebalanceDelayMs: 1 } })
  for (const topic of ['a', 'b', 'a']) {
    harness.join({ isOldClient: true, protocols: [{ name: 'range', metadata: subscription(topic) }] })
  }
  harness.time.advance(2)
  assert.deepEqual([...harness.group.subscribedTopics!], ['a', 'b'])
})

test('knows nothing of other kinds of groups, and takes every topic for read when a consumer sends something else', () => {
  assert.equal(topicsOf(subscription('t'), 'connect'), null)
  const whole = subscription('topic')
  for (let length = 0; length < 2 + 4 + 2 + 5; length++) assert.equal(topicsOf(whole.subarray(0, length)), null)
  const harness = new GroupHarness()
  harness.join({ isOldClient: true, protocols: [{ name: 'range', metadata: Buffer.from('nonsense') }] })
  assert.ok(harness.group.isSubscribedTo('any'))
})

test('never fails on any bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), bytes => void topicsOf(Buffer.from(bytes))))
})
