import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMetadataRecord, encodeMetadataRecord, type MetadataRecord } from '@ottla/protocol'
import fc from 'fast-check'
import { MetadataImage } from './metadata-image.ts'
import { decodeSnapshot, encodeSnapshot } from './metadata-snapshot.ts'
import {
  configRecord,
  featureLevelRecord,
  partitionRecord,
  producerIdsRecord,
  registerBrokerRecord,
  removeTopicRecord,
  topicRecord,
} from './records.ts'

const place = { nodeId: 1, directoryId: 'CFnEgMcJSKCPjKuLDroeKQ' }
const ids = ['AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAg', 'AAAAAAAAAAAAAAAAAAAAAw']

const registration = (brokerEpoch: number) =>
  registerBrokerRecord({
    ...place,
    incarnationId: ids[0]!,
    brokerEpoch,
    endpoints: [{ name: 'PLAINTEXT', host: 'h', port: 1 }],
    rack: null,
  })

/** Anything that happens, in any order, also what never does. */
const change = fc.oneof(
  fc.constantFrom(...ids).map(id => topicRecord(id, `topic-${id.at(-1)}`)),
  fc.tuple(fc.constantFrom(...ids), fc.nat(3)).map(([id, partition]) => partitionRecord(id, partition, place)),
  fc.constantFrom(...ids).map(removeTopicRecord),
  fc
    .tuple(
      fc.constantFrom('topic' as const, 'broker' as const, 'group' as const, 'clientMetrics' as const),
      fc.constantFrom('topic-Q', 'topic-g', '', '1'),
      fc.constantFrom('retention.ms', 'cleanup.policy'),
      fc.option(fc.constantFrom('1', '2')),
    )
    .map(([type, name, key, value]) => configRecord({ type, name }, key, value)),
  fc
    .tuple(fc.constantFrom('group.version', 'metadata.version'), fc.nat(33))
    .map(([name, level]) => featureLevelRecord(name, level)),
  fc.nat(100_000).map(next => producerIdsRecord(1, 5, next)),
  fc.constant(5).map(registration),
)

function imageOf(records: Iterable<MetadataRecord>): MetadataImage {
  const image = new MetadataImage()
  for (const record of records) image.apply(record)
  return image
}

/** All that can be asked of an image but what was removed. */
function said(image: MetadataImage) {
  const types = ['topic', 'broker', 'group', 'clientMetrics'] as const
  return {
    topics: image.topics(),
    topicsByName: image.topics().map(({ name }) => image.topic(name)),
    configured: types.map(type => image.configured(type).map(name => [name, image.overrides({ type, name })])),
    features: image.features(),
    levels: ['group.version', 'metadata.version'].map(name => image.feature(name)),
    nextProducerId: image.nextProducerId,
    highestBrokerEpoch: image.highestBrokerEpoch,
  }
}

test('a snapshot of an image gives the same image', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), changes => {
      const image = imageOf(changes.map(decodeMetadataRecord))
      const content = encodeSnapshot({ records: image.records(place), lastContainedLogTimestamp: 7, leaderEpoch: 3 })
      assert.deepEqual(said(imageOf(decodeSnapshot(content))), said(image))
    }),
  )
})

test('a snapshot that is cut off or changed anywhere is refused', () => {
  const records = Array.from({ length: 20 }, (_, i) => partitionRecord(ids[0]!, i, place))
  const content = encodeSnapshot({ records, lastContainedLogTimestamp: 7, leaderEpoch: 3 })
  for (let at = 0; at < content.length; at++)
    assert.throws(() => decodeSnapshot(content.subarray(0, at)), `cut at ${at}`)
  const inHeader = [...Array(8).keys(), 12, 13, 14, 15] // base offset and leader epoch, which mean nothing here
  const firstBatch = content.readInt32BE(8) + 12
  for (let at = 0; at < firstBatch; at++) {
    if (inHeader.includes(at)) continue
    const changed = Buffer.from(content)
    changed[at]! ^= 0xff
    assert.throws(() => decodeSnapshot(changed), `changed at ${at}`)
  }
})

test('an image that has met records it keeps nothing of says so', () => {
  const foreign = encodeMetadataRecord('fenceBrokerRecord', { id: 1, epoch: 1n }, 0)
  assert.equal(imageOf([decodeMetadataRecord(topicRecord(ids[0]!, 'orders'))]).isComplete, true)
  assert.equal(imageOf([decodeMetadataRecord(foreign)]).isComplete, false)
})
