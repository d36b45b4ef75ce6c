/** ShareGroupDescribe: state, members and assignment of share groups (KIP-932). */

import { api, array, boolean, int16, int32, nullable, string, struct, uuid } from '../schema/index.ts'

export const shareGroupDescribe = api(
  77,
  'ShareGroupDescribe',
  { versions: '1', flexible: '1+' },
  {
    request: {
      groupIds: array(string()),
      includeAuthorizedOperations: boolean(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      groups: array({
        errorCode: int16(),
        errorMessage: nullable(string(), { default: null }),
        groupId: string(),
        groupState: string(),
        groupEpoch: int32(),
        assignmentEpoch: int32(),
        assignorName: string(),
        members: array({
          memberId: string(),
          rackId: nullable(string(), { default: null }),
          memberEpoch: int32(),
          clientId: string(),
          clientHost: string(),
          subscribedTopicNames: array(string()),
          assignment: struct({
            topicPartitions: array({
              topicId: uuid(),
              topicName: string(),
              partitions: array(int32()),
            }),
          }),
        }),
        authorizedOperations: int32({ default: -2147483648 }),
      }),
    },
  },
)
