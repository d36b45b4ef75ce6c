import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deleteTopics, errorName, type RequestInput, zeroUuid } from '@ottla/protocol'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

const unknownId = 'AAAAAAAAAAAAAAAAAAAAAw'

async function remove(broker: TestBroker, version: number, request: Partial<RequestInput<typeof deleteTopics>>) {
  const { responses } = await broker.request(deleteTopics, version, { timeoutMs: 5_000, ...request })
  return responses.map(({ name, errorCode }) => [name, errorName(errorCode)])
}

const byNames = (version: number, names: string[]) =>
  version >= 6 ? { topics: names.map(name => ({ name, topicId: zeroUuid })) } : { topicNames: names }

test('deletes topics by name in every version, each for itself', async () => {
  await using broker = await TestBroker.start()
  for (const version of versionsOf(deleteTopics)) {
    await broker.createTopic('t', { partitions: 2 })
    assert.deepEqual(await remove(broker, version, byNames(version, ['nope', 't'])), [
      ['nope', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ['t', 'NONE'],
    ])
    assert.equal(broker.broker.metadata.topic('t'), undefined)
    assert.equal(broker.broker.logs.get('t', 0), undefined)
  }
})

test('deletes by topic id, and needs exactly one way to name a topic', async () => {
  await using broker = await TestBroker.start()
  const { id } = await broker.createTopic('t')
  assert.deepEqual(
    await remove(broker, 6, {
      topics: [
        { name: null, topicId: unknownId },
        { name: null, topicId: zeroUuid },
        { name: 't', topicId: id },
      ],
    }),
    [
      [null, 'UNKNOWN_TOPIC_ID'],
      [null, 'INVALID_REQUEST'],
      ['t', 'INVALID_REQUEST'],
    ],
  )
  assert.deepEqual(await remove(broker, 6, { topics: [{ name: null, topicId: id }] }), [['t', 'NONE']])
})

test('refuses a topic that one request names twice, by name, by id, or by both', async () => {
  await using broker = await TestBroker.start()
  const { id } = await broker.createTopic('t')
  for (const version of versionsOf(deleteTopics)) {
    assert.deepEqual(await remove(broker, version, byNames(version, ['t', 't'])), [['t', 'INVALID_REQUEST']])
  }
  const both = await remove(broker, 6, {
    topics: [
      { name: 't', topicId: zeroUuid },
      { name: null, topicId: id },
    ],
  })
  assert.deepEqual(
    both.map(([, error]) => error),
    ['INVALID_REQUEST'],
  )
  assert.ok(broker.broker.metadata.topic('t'))
})

test('deletes nothing where delete.topic.enable is false', async () => {
  await using broker = await TestBroker.start({ 'delete.topic.enable': 'false' })
  await broker.createTopic('t')
  for (const version of versionsOf(deleteTopics)) {
    assert.deepEqual(await remove(broker, version, byNames(version, ['t'])), [
      ['t', version < 3 ? 'INVALID_REQUEST' : 'TOPIC_DELETION_DISABLED'],
    ])
  }
  assert.ok(broker.broker.metadata.topic('t'))
})
