/**
 * UpdateFeatures: raises or lowers finalized feature levels (KIP-584).
 * v1 dry run and kind of downgrade (KIP-778).
 */

import { api, array, boolean, int8, int16, int32, nullable, string } from '../schema/index.ts'

export const updateFeatures = api(
  57,
  'UpdateFeatures',
  { versions: '0-2', flexible: '0+' },
  {
    request: {
      timeoutMs: int32({ default: 60000 }),
      featureUpdates: array({
        feature: string(),
        maxVersionLevel: int16(),
        upgradeType: int8({ since: 1, default: 1 }),
        allowDowngrade: boolean({ until: 0 }),
      }),
      validateOnly: boolean({ since: 1 }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string()),
      results: array(
        {
          feature: string(),
          errorCode: int16(),
          errorMessage: nullable(string()),
        },
        { until: 1 },
      ),
    },
  },
)
