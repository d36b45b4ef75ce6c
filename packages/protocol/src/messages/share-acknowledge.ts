/**
 * ShareAcknowledge: a member of a share group accepts, releases or rejects acquired records (KIP-932).
 * v2 renewal of locks (KIP-1222).
 */

import { api, array, boolean, int8, int16, int32, int64, nullable, string, struct, uuid } from '../schema/index.ts'

export const shareAcknowledge = api(
  79,
  'ShareAcknowledge',
  { versions: '1-2', flexible: '1+' },
  {
    request: {
      groupId: nullable(string(), { default: null }),
      memberId: nullable(string()),
      shareSessionEpoch: int32(),
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
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string(), { default: null }),
      acquisitionLockTimeoutMs: int32({ since: 2 }),
      responses: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          errorMessage: nullable(string(), { default: null }),
          currentLeader: struct({
            leaderId: int32(),
            leaderEpoch: int32(),
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
