/**
 * DescribeConfigs: settings of topics, brokers and groups, with where each comes from.
 * v1 synonyms and source (KIP-226). v3 type and documentation (KIP-569).
 */

import { api, array, boolean, int8, int16, int32, nullable, string } from '../schema/index.ts'

export const describeConfigs = api(
  32,
  'DescribeConfigs',
  { versions: '1-4', flexible: '4+' },
  {
    request: {
      resources: array({
        resourceType: int8(),
        resourceName: string(),
        configurationKeys: nullable(array(string())),
      }),
      includeSynonyms: boolean(),
      includeDocumentation: boolean({ since: 3 }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      results: array({
        errorCode: int16(),
        errorMessage: nullable(string()),
        resourceType: int8(),
        resourceName: string(),
        configs: array({
          name: string(),
          value: nullable(string()),
          readOnly: boolean(),
          configSource: int8({ default: -1 }),
          isSensitive: boolean(),
          synonyms: array({
            name: string(),
            value: nullable(string()),
            source: int8(),
          }),
          configType: int8({ since: 3 }),
          documentation: nullable(string(), { since: 3 }),
        }),
      }),
    },
  },
)
