/**
 * ApiVersions: what a server can do; asked before anything else. Its answer always has header version 0, since the
 * client does not know yet what the server can read (KIP-511), and a version the server lacks is answered in version
 * 0.
 * v3 the client's name and version (KIP-511), features (KIP-584). v4 features may begin at version 0. v5 the cluster
 * and node the client means to reach.
 */

import { api, array, boolean, int16, int32, int64, nullable, string } from '../schema/index.ts'

export const apiVersions = api(
  18,
  'ApiVersions',
  { versions: '0-5', flexible: '3+', responseHeaderVersion: 0 },
  {
    request: {
      clientSoftwareName: string({ since: 3 }),
      clientSoftwareVersion: string({ since: 3 }),
      clusterId: nullable(string(), { since: 5, default: null }),
      nodeId: int32({ since: 5, default: -1 }),
    },
    response: {
      errorCode: int16(),
      apiKeys: array({
        apiKey: int16(),
        minVersion: int16(),
        maxVersion: int16(),
      }),
      throttleTimeMs: int32({ since: 1 }),
      supportedFeatures: array(
        {
          name: string(),
          minVersion: int16(),
          maxVersion: int16(),
        },
        { since: 3, tag: 0 },
      ),
      finalizedFeaturesEpoch: int64({ since: 3, tag: 1, default: -1n }),
      finalizedFeatures: array(
        {
          name: string(),
          maxVersionLevel: int16(),
          minVersionLevel: int16(),
        },
        { since: 3, tag: 2 },
      ),
      zkMigrationReady: boolean({ since: 3, tag: 3 }),
    },
  },
)
