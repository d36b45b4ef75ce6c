/**
 * ConsumerGroupDescribe: state, members, current and target assignment of consumer groups (KIP-848).
 * v1 whether a member still speaks the classic protocol (KIP-1099).
 */

import { api, array, boolean, int8, int16, int32, nullable, string, struct, uuid } from '../schema/index.ts'

export const consumerGroupDescribe = api(
  69,
  'ConsumerGroupDescribe',
  { versions: '0-1', flexible: '0+' },
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
          instanceId: nullable(string(), { default: null }),
          rackId: nullable(string(), { default: null }),
          memberEpoch: int32(),
          clientId: string(),
          clientHost: string(),
          subscribedTopicNames: array(string()),
          subscribedTopicRegex: nullable(string(), { default: null }),
          assignment: struct({
            topicPartitions: array({
              topicId: uuid(),
              topicName: string(),
              partitions: array(int32()),
            }),
          }),
          targetAssignment: struct({
            topicPartitions: array({
              topicId: uuid(),
              topicName: string(),
              partitions: array(int32()),
            }),
          }),
          memberType: int8({ since: 1, default: -1 }),
        }),
        authorizedOperations: int32({ default: -2147483648 }),
      }),
    },
  },
)
