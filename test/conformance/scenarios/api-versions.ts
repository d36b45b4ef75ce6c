import { apiVersions, describeCluster } from '@ottla/protocol'
import { everyVersion, once, type Scenario } from '../scenario.ts'
import { frameByHand } from './frames.ts'

export const apiVersionsScenarios: readonly Scenario[] = [
  ...everyVersion(apiVersions, 'what the broker serves', async (t, version) => {
    await t.ask(apiVersions, version, { clientSoftwareName: 'ottla-conformance', clientSoftwareVersion: '1.0' })
  }),
  ...everyVersion(
    apiVersions,
    'client software that may not be named so',
    async (t, version) => {
      for (const [clientSoftwareName, clientSoftwareVersion] of [
        ['', ''],
        ['ottla', ''],
        ['with space', '1'],
        ['-dash', '1'],
        ['good-name.1', 'bad version'],
        ['good-name.1', '1.0-beta.2'],
      ] as const) {
        await t.ask(apiVersions, version, { clientSoftwareName, clientSoftwareVersion })
      }
    },
    { since: 3 },
  ),
  once(apiVersions, 'a version that does not exist is answered in version 0', async t => {
    for (const version of [6, 99, 32767, -1]) {
      const speaker = await t.client(`asks-${version}`)
      await speaker.askRaw(frameByHand({ apiKey: 18, version, headerVersion: 2 }), { api: apiVersions, version: 0 })
    }
  }),
  once(apiVersions, 'another cluster or node is meant', async t => {
    const { clusterId } = await t.ask(describeCluster, 0, { includeClusterAuthorizedOperations: false })
    for (const [meantCluster, nodeId] of [
      [null, -1],
      [null, 1],
      [null, 77],
      ['some-other-cluster-id', -1],
      ['some-other-cluster-id', 1],
      [clusterId, 1],
      [clusterId, 77],
      [clusterId, -1],
      ['', 1],
    ] as const) {
      const speaker = await t.client(`meant-${meantCluster === clusterId ? 'own' : meantCluster}-${nodeId}`)
      await speaker.ask(apiVersions, 5, {
        clientSoftwareName: 'x',
        clientSoftwareVersion: '1',
        clusterId: meantCluster,
        nodeId,
      })
    }
  }),
]
