import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consumerGroupDescribe, consumerGroupHeartbeat, errorName, updateFeatures } from '@ottla/protocol'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

const upgrade = 1
const safeDowngrade = 2
const unsafeDowngrade = 3

type Update = { feature: string; maxVersionLevel: number; upgradeType?: number }

async function update(broker: TestBroker, featureUpdates: Update[], { version = 2, validateOnly = false } = {}) {
  const answer = await broker.request(updateFeatures, version, { featureUpdates, validateOnly })
  return errorName(answer.errorCode)
}

const groupVersion = (maxVersionLevel: number, upgradeType = safeDowngrade): Update => ({
  feature: 'group.version',
  maxVersionLevel,
  upgradeType,
})

async function joinError(broker: TestBroker): Promise<string> {
  const { errorCode } = await broker.request(consumerGroupHeartbeat, 1, { groupId: '', memberId: '', memberEpoch: 0 })
  return errorName(errorCode)
}

test('a feature that is lowered is off at once, stays off after a restart, and can be raised again', async () => {
  await using broker = await TestBroker.start()
  assert.equal(await joinError(broker), 'INVALID_REQUEST')
  assert.equal(await update(broker, [groupVersion(0)]), 'NONE')
  assert.equal(broker.broker.metadata.features.has('group.version'), false)
  assert.equal(await joinError(broker), 'UNSUPPORTED_VERSION')
  const { groups } = await broker.request(consumerGroupDescribe, 1, {
    groupIds: ['g'],
    includeAuthorizedOperations: false,
  })
  assert.equal(errorName(groups[0]!.errorCode), 'UNSUPPORTED_VERSION')
  await broker.restart()
  assert.equal(await joinError(broker), 'UNSUPPORTED_VERSION')
  assert.equal(await update(broker, [groupVersion(1, upgrade)]), 'NONE')
  assert.equal(broker.broker.metadata.features.get('group.version'), 1)
})

test('each version says what has changed, or what was wrong', async () => {
  await using broker = await TestBroker.start()
  for (const version of versionsOf(updateFeatures)) {
    assert.equal(await update(broker, [groupVersion(1, upgrade)], { version }), 'NONE')
    assert.equal(await update(broker, [groupVersion(9, upgrade)], { version }), 'INVALID_UPDATE_VERSION')
  }
})

test('all features of a request change or none', async () => {
  await using broker = await TestBroker.start()
  const wrong = { feature: 'no.such.feature', maxVersionLevel: 1, upgradeType: upgrade }
  assert.equal(await update(broker, [groupVersion(0), wrong]), 'INVALID_UPDATE_VERSION')
  assert.equal(broker.broker.metadata.features.get('group.version'), 1)
})

test('only checks when it is told so', async () => {
  await using broker = await TestBroker.start()
  assert.equal(await update(broker, [groupVersion(0)], { validateOnly: true }), 'NONE')
  assert.equal(broker.broker.metadata.features.get('group.version'), 1)
})

test('refuses what Kafka refuses', async () => {
  await using broker = await TestBroker.start()
  const metadataVersion = (maxVersionLevel: number, upgradeType: number): Update => ({
    feature: 'metadata.version',
    maxVersionLevel,
    upgradeType,
  })
  for (const wrong of [
    groupVersion(0, upgrade),
    groupVersion(-1),
    groupVersion(0, 0),
    groupVersion(0, 9),
    metadataVersion(0, safeDowngrade),
    metadataVersion(32, safeDowngrade),
    metadataVersion(32, unsafeDowngrade),
    metadataVersion(34, upgrade),
  ]) {
    assert.equal(await update(broker, [wrong]), 'INVALID_UPDATE_VERSION', JSON.stringify(wrong))
  }
})
