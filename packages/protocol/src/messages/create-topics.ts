/**
 * CreateTopics: creates topics, or only checks whether it could.
 * v4 -1 means the broker's default for partitions and replication (KIP-464). v5 answers with the topic's configs
 * (KIP-525). v7 topic id (KIP-516).
 */

import { api, array, boolean, int8, int16, int32, nullable, string, uuid } from '../schema/index.ts'

export const createTopics = api(
  19,
  'CreateTopics',
  { versions: '2-7', flexible: '5+' },
  {
    request: {
      topics: array({
        name: string(),
        numPartitions: int32(),
        replicationFactor: int16(),
        assignments: array({
          partitionIndex: int32(),
          brokerIds: array(int32()),
        }),
        configs: array({
          name: string(),
          value: nullable(string()),
        }),
      }),
      timeoutMs: int32({ default: 60000 }),
      validateOnly: boolean(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      topics: array({
        name: string(),
        topicId: uuid({ since: 7 }),
        errorCode: int16(),
        errorMessage: nullable(string()),
        numPartitions: int32({ since: 5, default: -1 }),
        replicationFactor: int16({ since: 5, default: -1 }),
        configs: nullable(
          array({
            name: string(),
            value: nullable(string()),
            readOnly: boolean(),
            configSource: int8({ default: -1 }),
            isSensitive: boolean(),
          }),
          { since: 5 },
        ),
        topicConfigErrorCode: int16({ since: 5, tag: 0 }),
      }),
    },
  },
)
