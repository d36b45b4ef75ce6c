/**
 * ShareFetch: a member of a share group acquires records, and may acknowledge others on the way (KIP-932).
 * v2 the mode of acquiring records and renewal of locks (KIP-1206, KIP-1222).
 */

import {
  api,
  array,
  boolean,
  int8,
  int16,
  int32,
  int64,
  nullable,
  records,
  string,
  struct,
  uuid,
} from '../schema/index.ts'

export const shareFetch = api(
  78,
  'ShareFetch',
  { versions: '1-2', flexible: '1+' },
  {
    request: {
      groupId: nullable(string(), { default: null }),
      memberId: nullable(string()),
      shareSessionEpoch: int32(),
      maxWaitMs: int32(),
      minBytes: int32(),
      maxBytes: int32({ default: 2147483647 }),
      maxRecords: int32(),
      batchSize: int32(),
      shareAcquireMode: int8({ since: 2 }),
      isRenewAck: boolean({ since: 2 }),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          acknowledgementBatches: array({
            firstOffset: int64(),
            lastOffset: int64(),
            acknowledgeTypes: array(int8()),
          }),
        }),
      }),
      forgottenTopicsData: array({
        topicId: uuid(),
        partitions: array(int32()),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string(), { default: null }),
      acquisitionLockTimeoutMs: int32(),
      responses: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          errorMessage: nullable(string(), { default: null }),
          acknowledgeErrorCode: int16(),
          acknowledgeErrorMessage: nullable(string(), { default: null }),
          currentLeader: struct({
            leaderId: int32(),
            leaderEpoch: int32(),
          }),
          records: records(),
          acquiredRecords: array({
            firstOffset: int64(),
            lastOffset: int64(),
            deliveryCount: int16(),
          }),
        }),
      }),
      nodeEndpoints: array({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: nullable(string(), { default: null }),
      }),
    },
  },
)
