/** Administration through the Node clients: what the tools of a team call, and what a console shows. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  Admin,
  ConfigResourceTypes,
  IncrementalAlterConfigOperationTypes,
  ListOffsetTimestamps,
} from '@platformatic/kafka'
import kafkajs, { type Admin as KafkajsAdmin } from 'kafkajs'
import type { Client } from '../support/client.ts'
import { kafkajsClient, kafkajsKind } from '../support/kafkajs-client.ts'
import { platformaticOptions } from '../support/platformatic-client.ts'
import { isApacheKafka, type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.ts'
import { until } from '../support/until.ts'

describe('administration', { concurrency: 1 }, () => {
  let server: ServerUnderTest
  let client: Client
  let platformatic: Admin
  let kafka: KafkajsAdmin
  before(async () => {
    server = await startServerUnderTest()
    client = await kafkajsKind.connect(server.address)
    platformatic = new Admin(platformaticOptions(server.address))
    kafka = kafkajsClient(server.address).admin()
    await kafka.connect()
  })
  after(async () => {
    await kafka.disconnect()
    await platformatic.close()
    await client.close()
    await server.close()
  })

  /** A topic with ten records in its one partition, one second between each two. */
  const filled = async (topic: string) => {
    await client.createTopic(topic, 1)
    const records = Array.from({ length: 10 }, (_, index) => ({
      value: `${index}`,
      timestamp: 1_700_000_000_000 + index * 1_000,
    }))
    for (const record of records) await client.send(topic, [record])
  }

  test('describes the cluster and its one broker', async () => {
    const { brokers, controller, clusterId } = await kafka.describeCluster()
    assert.deepEqual(
      brokers.map(({ host, port }) => `${host}:${port}`),
      [server.address],
    )
    assert.equal(controller, brokers[0]?.nodeId)
    assert.match(clusterId, /^[\w-]{22}$/)
  })

  test('creates topics with settings, lists and describes them', async () => {
    const configEntries = [{ name: 'cleanup.policy', value: 'compact' }]
    assert.equal(await kafka.createTopics({ topics: [{ topic: 'made', numPartitions: 3, configEntries }] }), true)
    assert.equal(await kafka.createTopics({ topics: [{ topic: 'made' }] }), false, 'it is there already')
    assert.ok((await kafka.listTopics()).includes('made'))
    assert.ok((await platformatic.listTopics()).includes('made'))
    const { topics } = await kafka.fetchTopicMetadata({ topics: ['made'] })
    assert.deepEqual(topics[0]?.partitions.map(({ partitionId }) => partitionId).sort(), [0, 1, 2])
    assert.ok(topics[0]?.partitions.every(({ replicas, isr }) => replicas.length === 1 && isr.length === 1))
  })

  test('checks a topic without creating it', async () => {
    await kafka.createTopics({
      validateOnly: true,
      waitForLeaders: false,
      topics: [{ topic: 'only-checked', numPartitions: 1 }],
    })
    assert.ok(!(await kafka.listTopics()).includes('only-checked'))
  })

  test('describes settings, with defaults and sources, and changes them one by one', async () => {
    await client.createTopic('configured', 1)
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: 'configured' }
    const alter = (configs: { name: string; configOperation: number; value: string | null }[]) =>
      platformatic.incrementalAlterConfigs({ resources: [{ ...resource, configs: configs as never }] })
    const settings = async () => {
      const [description] = await platformatic.describeConfigs({
        resources: [{ ...resource, configurationKeys: null as never }],
      })
      return new Map(description?.configs.map(({ name, value, configSource }) => [name, { value, configSource }]))
    }
    assert.equal((await settings()).get('retention.ms')?.value, '604800000')
    await alter([{ name: 'retention.ms', configOperation: IncrementalAlterConfigOperationTypes.SET, value: '1234567' }])
    assert.equal((await settings()).get('retention.ms')?.value, '1234567')
    await alter([
      { name: 'cleanup.policy', configOperation: IncrementalAlterConfigOperationTypes.APPEND, value: 'compact' },
    ])
    assert.equal((await settings()).get('cleanup.policy')?.value, 'delete,compact')
    await alter([{ name: 'retention.ms', configOperation: IncrementalAlterConfigOperationTypes.DELETE, value: null }])
    assert.equal((await settings()).get('retention.ms')?.value, '604800000')
  })

  test('adds partitions, which producers and consumers then use', async () => {
    await client.createTopic('growing', 1)
    await client.send('growing', [{ value: 'before', partition: 0 }])
    await platformatic.createPartitions({ topics: [{ name: 'growing', count: 3, assignments: null }] })
    const other = await kafkajsKind.connect(server.address)
    await other.send('growing', [{ value: 'after', partition: 2 }])
    await other.close()
    const offsets = await kafka.fetchTopicOffsets('growing')
    assert.deepEqual(
      new Map(offsets.map(({ partition, high }) => [partition, high])),
      new Map([
        [0, '1'],
        [1, '0'],
        [2, '1'],
      ]),
    )
  })

  test('fewer partitions than there are: refused', async () => {
    await client.createTopic('shrinking', 2)
    const impatient = new Admin({ ...platformaticOptions(server.address), retries: false })
    await assert.rejects(impatient.createPartitions({ topics: [{ name: 'shrinking', count: 1, assignments: null }] }))
    await impatient.close()
  })

  test('finds offsets: earliest, latest, by time, and of the latest time', async () => {
    await filled('timed')
    const offsetAt = async (timestamp: bigint) => {
      const [found] = await platformatic.listOffsets({
        topics: [{ name: 'timed', partitions: [{ partitionIndex: 0, timestamp }] }],
      })
      return Number(found?.partitions[0]?.offset)
    }
    assert.equal(await offsetAt(ListOffsetTimestamps.EARLIEST), 0)
    assert.equal(await offsetAt(ListOffsetTimestamps.LATEST), 10)
    assert.equal(await offsetAt(1_700_000_003_000n), 3)
    assert.equal(await offsetAt(1_700_000_003_001n), 4, 'the first at or after that time')
    assert.equal(await offsetAt(1_700_000_009_001n), -1, 'nothing is that new')
    assert.equal(await offsetAt(-3n), 9, 'the record with the latest time')
  })

  test('deletes records: the beginning moves, also over a restart', async () => {
    await filled('cut')
    const deleted = await platformatic.deleteRecords({
      topics: [{ name: 'cut', partitions: [{ partition: 0, offset: 4n }] }],
    })
    assert.equal(deleted[0]?.partitions[0]?.lowWatermark, 4n)
    const low = async () => (await kafka.fetchTopicOffsets('cut'))[0]?.low
    assert.equal(await low(), '4')
    // What Ottla has answered, a kill does not undo; Apache Kafka writes it down once a minute, and when it stops.
    await server.stop(isApacheKafka ? 'SIGTERM' : 'SIGKILL')
    await server.start()
    assert.equal(await low(), '4')
    await platformatic.deleteRecords({ topics: [{ name: 'cut', partitions: [{ partition: 0, offset: -1n }] }] })
    assert.equal(await low(), '10', '-1 means all there is')
  })

  test('lists and describes a group with its member and what it has been given', async () => {
    await client.createTopic('watched', 2)
    const member = await client.join({ groupId: 'watchers', topic: 'watched', onRecord: () => undefined })
    const { groups } = await kafka.listGroups()
    assert.ok(groups.some(({ groupId, protocolType }) => groupId === 'watchers' && protocolType === 'consumer'))
    const group = (await platformatic.describeGroups({ groups: ['watchers'] })).get('watchers')
    assert.equal(group?.state, 'Stable')
    const [described] = [...(group?.members.values() ?? [])]
    assert.equal(described?.clientId, 'kafkajs-test')
    assert.deepEqual(described?.assignments?.get('watched')?.partitions.toSorted(), [0, 1])
    await member.leave()
    const left = await kafka.describeGroups(['watchers'])
    assert.equal(left.groups[0]?.state, 'Empty')
  })

  test('fetches, resets and deletes offsets of a group, and the group', async () => {
    await filled('read')
    let committed = 0
    const member = await client.join({
      groupId: 'readers',
      topic: 'read',
      onRecord: () => undefined,
      onCommitted: () => {
        committed += 1
      },
    })
    await until('all is read', () => committed === 10)
    await assert.rejects(
      kafkajsOnce(server.address, admin => admin.deleteGroups(['readers'])),
      'a group in use is not deleted',
    )
    await member.leave()

    const offset = async () => (await client.committedOffsets('readers', 'read')).get(0)
    assert.equal(await offset(), 10)
    await kafka.setOffsets({ groupId: 'readers', topic: 'read', partitions: [{ partition: 0, offset: '3' }] })
    assert.equal(await offset(), 3)
    await kafka.resetOffsets({ groupId: 'readers', topic: 'read', earliest: true })
    await platformatic.alterConsumerGroupOffsets({
      groupId: 'readers',
      topics: [{ name: 'read', partitionOffsets: [{ partition: 0, offset: 7n }] }],
    })
    assert.equal(await offset(), 7)
    const topics = [{ name: 'read', partitionIndexes: [0] }]
    await platformatic.deleteConsumerGroupOffsets({ groupId: 'readers', topics })
    assert.ok([undefined, -1].includes(await offset()))
    await platformatic.alterConsumerGroupOffsets({
      groupId: 'readers',
      topics: [{ name: 'read', partitionOffsets: [{ partition: 0, offset: 1n }] }],
    })
    await kafka.deleteGroups(['readers'])
    assert.ok(!(await kafka.listGroups()).groups.some(({ groupId }) => groupId === 'readers'))
  })

  test('deletes a topic; one of the same name later is another, and empty', async () => {
    await filled('reborn')
    const idOf = async () =>
      (await platformatic.metadata({ topics: ['reborn'], forceUpdate: true })).topics.get('reborn')?.id
    const first = await idOf()
    await kafka.deleteTopics({ topics: ['reborn'] })
    assert.ok(!(await kafka.listTopics()).includes('reborn'))
    await client.createTopic('reborn', 1)
    assert.notEqual(await idOf(), first)
    await until('the new topic answers', async () => (await kafka.fetchTopicOffsets('reborn'))[0]?.high === '0')
  })
})

/** One attempt, no retries. */
async function kafkajsOnce<Result>(address: string, act: (admin: KafkajsAdmin) => Promise<Result>): Promise<Result> {
  const admin = new kafkajs.Kafka({
    brokers: [address],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 0 },
  }).admin()
  await admin.connect()
  try {
    return await act(admin)
  } finally {
    await admin.disconnect()
  }
}
