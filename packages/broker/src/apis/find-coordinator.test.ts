import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findCoordinator } from '@ottla/protocol'
import { errorOf, GroupBroker } from '../testing/group-broker.ts'
import { versionsOf } from '../testing/test-broker.ts'

let groups: GroupBroker
before(async () => {
  groups = await GroupBroker.start({ 'offsets.topic.num.partitions': '3' })
})
after(() => groups.stop())

test('creates the topic of groups when it is first asked', async () => {
  assert.equal(groups.broker.metadata.topic('__consumer_offsets'), undefined)
  await groups.request(findCoordinator, 2, { key: 'g', keyType: 0 })
  const topic = groups.broker.metadata.topic('__consumer_offsets')
  assert.equal(topic?.partitionCount, 3)
  assert.equal(topic?.overrides.get('cleanup.policy'), 'compact')
})

for (const version of versionsOf(findCoordinator)) {
  test(`names this broker, at the address that the client came by, in version ${version}`, async () => {
    const answer = await groups.request(findCoordinator, version, {
      key: 'g',
      keyType: 0,
      coordinatorKeys: ['g', 'h', ''],
    })
    const answers = version < 4 ? [answer] : answer.coordinators
    assert.equal(answers.length, version < 4 ? 1 : 3)
    for (const { nodeId, host, port, ...rest } of answers) {
      assert.deepEqual([nodeId, host, port, errorOf(rest)], [1, '127.0.0.1', groups.port, 'NONE'])
    }
    if (version >= 4)
      assert.deepEqual(
        answer.coordinators.map(({ key }) => key),
        ['g', 'h', ''],
      )
  })
}

for (const version of versionsOf(findCoordinator).filter(version => version >= 1)) {
  test(`names this broker for transactional ids too in version ${version}`, async () => {
    const answer = await groups.request(findCoordinator, version, { key: 'tx', keyType: 1, coordinatorKeys: ['tx'] })
    const { nodeId, port, ...rest } = version < 4 ? answer : answer.coordinators[0]!
    const [address] = groups.broker.addresses
    assert.deepEqual([errorOf(rest), nodeId, port], ['NONE', 1, address!.port])
    const topic = groups.broker.metadata.topic('__transaction_state')
    assert.deepEqual([topic?.partitionCount, topic?.overrides.get('cleanup.policy')], [4, 'compact'])
  })

  test(`says that it coordinates nothing else in version ${version}`, async () => {
    const answer = await groups.request(findCoordinator, version, { key: 's', keyType: 2, coordinatorKeys: ['s'] })
    const { nodeId, port, ...rest } = version < 4 ? answer : answer.coordinators[0]!
    assert.deepEqual([errorOf(rest), nodeId, port], ['INVALID_REQUEST', -1, -1])
  })
}
