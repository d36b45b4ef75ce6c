/**
 * Produce: a client appends record batches to partitions.
 * v3 transactional id (KIP-98). v5 log start offset. v8 errors of single records (KIP-467). v10 the leader where the
 * asked node is not it (KIP-951). v12 a batch may add its partition to the transaction (KIP-890). v13 topic ids for
 * names (KIP-516).
 */

import { api, array, int16, int32, int64, nullable, records, string, struct, uuid } from '../schema/index.ts'

export const produce = api(
  0,
  'Produce',
  { versions: '3-13', flexible: '9+' },
  {
    request: {
      transactionalId: nullable(string(), { default: null }),
      acks: int16(),
      timeoutMs: int32(),
      topicData: array({
        topicId: uuid({ since: 13 }),
        name: string({ until: 12 }),
        partitionData: array({
          index: int32(),
          records: nullable(records(), { default: null }),
        }),
      }),
    },
    response: {
      responses: array({
        topicId: uuid({ since: 13 }),
        name: string({ until: 12 }),
        partitionResponses: array({
          index: int32(),
          errorCode: int16(),
          baseOffset: int64(),
          logAppendTimeMs: int64({ default: -1n }),
          logStartOffset: int64({ since: 5, default: -1n }),
          recordErrors: array(
            {
              batchIndex: int32(),
              batchIndexErrorMessage: nullable(string(), { default: null }),
            },
            { since: 8 },
          ),
          errorMessage: nullable(string(), { since: 8, default: null }),
          currentLeader: struct(
            {
              leaderId: int32({ default: -1 }),
              leaderEpoch: int32({ default: -1 }),
            },
            { since: 10, tag: 0 },
          ),
        }),
      }),
      throttleTimeMs: int32({ default: 0 }),
      nodeEndpoints: array(
        {
          nodeId: int32(),
          host: string(),
          port: int32(),
          rack: nullable(string(), { default: null }),
        },
        { since: 10, tag: 0 },
      ),
    },
  },
)
