import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apis, apiVersions, errorName, produce } from '@ottla/protocol'
import { apiTable } from '../api-table.ts'
import { supportedFeatures } from '../metadata/features.ts'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

const software = { clientSoftwareName: 'test-client', clientSoftwareVersion: '1.2.3' }

test('says exactly what the table serves, in every version', async () => {
  await using broker = await TestBroker.start()
  for (const version of versionsOf(apiVersions)) {
    const { errorCode, apiKeys } = await broker.request(apiVersions, version, software)
    assert.equal(errorCode, 0)
    assert.deepEqual(
      apiKeys.map(({ apiKey, minVersion, maxVersion }) => [
        apiKey,
        apiKey === produce.key ? 3 : minVersion,
        maxVersion,
      ]),
      apiTable.map(({ key, lowestVersion, highestVersion }) => [key, lowestVersion, highestVersion]),
    )
  }
})

test('says that Produce begins at version 0, without which librdkafka does not compress', async () => {
  await using broker = await TestBroker.start()
  const { apiKeys } = await broker.request(apiVersions, 0, {})
  assert.deepEqual(
    apiKeys.find(({ apiKey }) => apiKey === produce.key),
    { apiKey: 0, minVersion: 0, maxVersion: 13 },
  )
})

test('serves no API twice, and none without a schema', () => {
  const names = apiTable.map(({ name }) => name)
  for (const { key, name } of apiTable) assert.equal(apis.get(key)?.name, name)
  assert.equal(new Set(names).size, names.length)
})

test('tells its features from version 3 on, those that begin at 0 from version 4', async () => {
  await using broker = await TestBroker.start()
  for (const version of versionsOf(apiVersions).filter(version => version >= 3)) {
    const answer = await broker.request(apiVersions, version, software)
    assert.deepEqual(
      answer.supportedFeatures,
      supportedFeatures
        .filter(({ minVersion }) => version >= 4 || minVersion > 0)
        .map(({ name, minVersion, maxVersion }) => ({ name, minVersion, maxVersion })),
    )
    const finalized = supportedFeatures
      .filter(({ finalizedVersion }) => finalizedVersion > 0)
      .map(({ name, finalizedVersion: level }) => ({ name, minVersionLevel: level, maxVersionLevel: level }))
    const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)
    assert.deepEqual([...answer.finalizedFeatures].sort(byName), finalized.sort(byName))
    assert.ok(answer.finalizedFeaturesEpoch > 0n)
  }
})

test('refuses software names that are none', async () => {
  await using broker = await TestBroker.start()
  for (const clientSoftwareName of ['', 'a b', '-a', 'a\n', `a${'-'.repeat(30_000)}`]) {
    const answer = await broker.request(apiVersions, 3, { ...software, clientSoftwareName })
    assert.equal(errorName(answer.errorCode), 'INVALID_REQUEST')
  }
})
