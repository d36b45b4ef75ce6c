import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apis } from './apis.ts'
import { requestHeader, responseHeader } from './headers.ts'
import { apiVersions, fetch, heartbeat, initProducerId } from './messages/index.ts'
import { Reader } from './schema/index.ts'

const header = { requestApiKey: 12, requestApiVersion: 4, correlationId: 7, clientId: 'c' }

describe('the request header', () => {
  it('is followed by the request', () => {
    const body = heartbeat.request.encode({ groupId: 'g', generationId: 1, memberId: 'm' }, 4)
    const reader = new Reader(Buffer.concat([requestHeader.encode(header, 2), body]))
    assert.deepEqual(requestHeader.read(reader, heartbeat.requestHeaderVersion(4)), header)
    assert.equal(heartbeat.request.read(reader, 4).groupId, 'g')
  })

  it('has a client id with a two-byte length in the flexible version too', () => {
    assert.equal(requestHeader.encode(header, 2).toString('hex'), '000c00040000000700016300')
    assert.equal(requestHeader.encode({ ...header, clientId: null }, 2).toString('hex'), '000c000400000007ffff00')
  })
})

describe('the response header', () => {
  it('has tagged fields from the flexible versions on', () => {
    assert.equal(responseHeader.encode({ correlationId: 7 }, 0).toString('hex'), '00000007')
    assert.equal(responseHeader.encode({ correlationId: 7 }, 1).toString('hex'), '0000000700')
    assert.deepEqual(
      [11, 12].map(version => fetch.responseHeaderVersion(version)),
      [0, 1],
    )
    assert.deepEqual(
      [11, 12].map(version => fetch.requestHeaderVersion(version)),
      [1, 2],
    )
  })

  it('is known for versions that do not exist too, so that their requests can be answered', () => {
    assert.equal(apiVersions.requestHeaderVersion(99), 2)
    assert.equal(apiVersions.responseHeaderVersion(99), 0)
  })

  it('is always version 0 for ApiVersions, whose request may be flexible', () => {
    assert.deepEqual(
      [0, 3, 5].map(version => apiVersions.responseHeaderVersion(version)),
      [0, 0, 0],
    )
    assert.deepEqual(
      [2, 3].map(version => apiVersions.requestHeaderVersion(version)),
      [1, 2],
    )
  })
})

describe('the APIs', () => {
  it('are all of Apache Kafka 4.4, by key', () => {
    assert.equal(apis.size, 91)
    assert.equal(apis.get(12), heartbeat)
    assert.deepEqual(
      [...apis.keys()],
      [...apis.keys()].sort((a, b) => a - b),
    )
    assert.deepEqual(initProducerId.versions, { lowest: 0, highest: 6, highestStable: 5 })
    for (const { name, versions, request, response } of apis.values()) {
      assert.deepEqual(request.versions, response.versions, name)
      assert.equal(versions.lowest, request.versions.lowest, name)
    }
  })
})
