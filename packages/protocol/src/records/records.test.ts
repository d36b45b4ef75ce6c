import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MalformedMessageError, zeroUuid } from '../schema/index.ts'
import {
  consumerOffsetsRecords,
  decodeConsumerProtocolSubscription,
  decodeMetadataRecord,
  encodeConsumerProtocolSubscription,
  encodeMetadataRecord,
  metadataRecords,
  shareGroupStateRecords,
  transactionStateRecords,
} from './index.ts'

const hex = (buffer: Buffer) => buffer.toString('hex')

describe('coordinator records', () => {
  it('a key says with its first two bytes what it is', () => {
    const key = consumerOffsetsRecords.encodeKey('offsetCommit', { group: 'g', topic: 't', partition: 3 })
    assert.equal(hex(key), '000100016700017400000003')
    const decoded = consumerOffsetsRecords.decodeKey(key)
    assert.deepEqual(decoded, { type: 'offsetCommit', key: { group: 'g', topic: 't', partition: 3 } })
    assert.equal(decoded.type === 'offsetCommit' && decoded.key.topic, 't')
  })

  it('a value begins with its version', () => {
    const offset = { offset: 9, leaderEpoch: 2, metadata: '', commitTimestamp: 1000 }
    const value = consumerOffsetsRecords.encodeValue('offsetCommit', offset, 3)
    assert.equal(hex(value), '0003000000000000000900000002000000000000000003e8')
    const decoded = consumerOffsetsRecords.decodeValue('offsetCommit', value)
    assert.deepEqual(decoded, {
      ...offset,
      offset: 9n,
      commitTimestamp: 1000n,
      expireTimestamp: -1n,
      topicId: zeroUuid,
    })
  })

  it('key types of a newer Kafka are reported, value versions of a newer Kafka refused', () => {
    assert.deepEqual(consumerOffsetsRecords.decodeKey(Buffer.from('7fff00', 'hex')), {
      type: 'unknown',
      recordType: 0x7fff,
    })
    const future = Buffer.from('0063', 'hex')
    assert.throws(() => consumerOffsetsRecords.decodeValue('groupMetadata', future), /has versions 0 to 4, not 99/)
    assert.throws(() => consumerOffsetsRecords.decodeKey(Buffer.from('00', 'hex')), MalformedMessageError)
    assert.throws(() => consumerOffsetsRecords.decodeKey(Buffer.from('00010009', 'hex')), MalformedMessageError)
  })

  it('no two types of a topic share a number, and key and value have the same', () => {
    for (const { types } of [consumerOffsetsRecords, transactionStateRecords, shareGroupStateRecords]) {
      const numbers = Object.values(types).map(({ key, value }) => {
        assert.equal(key.recordType, value.recordType)
        return key.recordType
      })
      assert.equal(new Set(numbers).size, numbers.length)
    }
  })
})

describe('metadata records', () => {
  const topic = { name: 'orders', topicId: 'y36hd2nrtRVwr1dtYp4LbA' }

  it('are framed by frame version, type and version', () => {
    const framed = encodeMetadataRecord('topicRecord', topic, 0)
    assert.equal(hex(framed), '01020007 6f7264657273 cb7ea17769ebb51570af576d629e0b6c 00'.replaceAll(' ', ''))
    const decoded = decodeMetadataRecord(framed)
    assert.deepEqual(decoded, { type: 'topicRecord', version: 0, record: topic })
    assert.equal(decoded.type === 'topicRecord' && decoded.record.name, 'orders')
  })

  it('are refused with another frame version, an unknown type or version, or bytes left over', () => {
    const framed = encodeMetadataRecord('topicRecord', topic, 0)
    const changed = (at: number, byte: number) => Buffer.from(framed).fill(byte, at, at + 1)
    assert.throws(() => decodeMetadataRecord(changed(0, 2)), /frame version 2/)
    assert.throws(() => decodeMetadataRecord(changed(1, 127)), /unknown type 127/)
    assert.throws(() => decodeMetadataRecord(changed(2, 9)), /has versions 0 to 0, not 9/)
    assert.throws(() => decodeMetadataRecord(Buffer.concat([framed, Buffer.alloc(1)])), /1 bytes after TopicRecord v0/)
    assert.throws(() => decodeMetadataRecord(framed.subarray(0, -1)), MalformedMessageError)
  })

  it('have a number each', () => {
    const numbers = Object.values(metadataRecords).map(({ recordType }) => recordType)
    assert.equal(new Set(numbers).size, numbers.length)
  })
})

describe('the consumer protocol', () => {
  it('reads a newer version as the highest known', () => {
    const subscription = { topics: ['orders'], userData: null, ownedPartitions: [], generationId: 5, rackId: null }
    const encoded = encodeConsumerProtocolSubscription(subscription, 3)
    assert.deepEqual(decodeConsumerProtocolSubscription(encoded), subscription)
    encoded.writeInt16BE(9)
    assert.deepEqual(decodeConsumerProtocolSubscription(encoded), subscription)
    encoded.writeInt16BE(-1)
    assert.throws(() => decodeConsumerProtocolSubscription(encoded), MalformedMessageError)
  })
})
