import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeCluster, errorName } from '@ottla/protocol'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

test('tells cluster, controller and the one broker, in every version', async () => {
  await using broker = await TestBroker.start({ 'node.id': '7' })
  for (const version of versionsOf(describeCluster)) {
    const answer = await broker.request(describeCluster, version, { includeClusterAuthorizedOperations: true })
    assert.deepEqual([answer.errorCode, answer.clusterId, answer.controllerId], [0, broker.broker.clusterId, 7])
    assert.deepEqual(answer.brokers, [
      { brokerId: 7, host: '127.0.0.1', port: broker.port, rack: null, isFenced: false },
    ])
    assert.equal(answer.clusterAuthorizedOperations, 8096)
  }
})

test('is no endpoint for controllers', async () => {
  await using broker = await TestBroker.start()
  for (const version of [1, 2]) {
    const ask = async (endpointType: number) =>
      errorName(
        (await broker.request(describeCluster, version, { includeClusterAuthorizedOperations: false, endpointType }))
          .errorCode,
      )
    assert.equal(await ask(2), 'MISMATCHED_ENDPOINT_TYPE')
    assert.equal(await ask(9), 'UNSUPPORTED_ENDPOINT_TYPE')
  }
})
