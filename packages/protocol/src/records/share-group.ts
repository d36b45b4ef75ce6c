/** Share groups (KIP-932), as the topic `__consumer_offsets` keeps them. */

import { array, int8, int32, int64, nullable, recordMessage, string, uuid } from '../schema/index.ts'

export const shareGroupMemberMetadataKey = recordMessage(
  'ShareGroupMemberMetadataKey',
  { recordType: 10, versions: '0' },
  {
    groupId: string(),
    memberId: string(),
  },
)

export const shareGroupMemberMetadataValue = recordMessage(
  'ShareGroupMemberMetadataValue',
  { recordType: 10, versions: '0', flexible: '0+' },
  {
    rackId: nullable(string()),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
  },
)

export const shareGroupMetadataKey = recordMessage(
  'ShareGroupMetadataKey',
  { recordType: 11, versions: '0' },
  {
    groupId: string(),
  },
)

export const shareGroupMetadataValue = recordMessage(
  'ShareGroupMetadataValue',
  { recordType: 11, versions: '0', flexible: '0+' },
  {
    epoch: int32(),
    metadataHash: int64(),
  },
)

export const shareGroupTargetAssignmentMetadataKey = recordMessage(
  'ShareGroupTargetAssignmentMetadataKey',
  { recordType: 12, versions: '0' },
  {
    groupId: string(),
  },
)

export const shareGroupTargetAssignmentMetadataValue = recordMessage(
  'ShareGroupTargetAssignmentMetadataValue',
  { recordType: 12, versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0 }),
  },
)

export const shareGroupTargetAssignmentMemberKey = recordMessage(
  'ShareGroupTargetAssignmentMemberKey',
  { recordType: 13, versions: '0' },
  {
    groupId: string(),
    memberId: string(),
  },
)

export const shareGroupTargetAssignmentMemberValue = recordMessage(
  'ShareGroupTargetAssignmentMemberValue',
  { recordType: 13, versions: '0', flexible: '0+' },
  {
    topicPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
)

export const shareGroupCurrentMemberAssignmentKey = recordMessage(
  'ShareGroupCurrentMemberAssignmentKey',
  { recordType: 14, versions: '0' },
  {
    groupId: string(),
    memberId: string(),
  },
)

export const shareGroupCurrentMemberAssignmentValue = recordMessage(
  'ShareGroupCurrentMemberAssignmentValue',
  { recordType: 14, versions: '0', flexible: '0+' },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
)

export const shareGroupStatePartitionMetadataKey = recordMessage(
  'ShareGroupStatePartitionMetadataKey',
  { recordType: 15, versions: '0' },
  {
    groupId: string(),
  },
)

export const shareGroupStatePartitionMetadataValue = recordMessage(
  'ShareGroupStatePartitionMetadataValue',
  { recordType: 15, versions: '0', flexible: '0+' },
  {
    initializingTopics: array({
      topicId: uuid(),
      topicName: string(),
      partitions: array(int32()),
    }),
    initializedTopics: array({
      topicId: uuid(),
      topicName: string(),
      partitions: array(int32()),
    }),
    deletingTopics: array({
      topicId: uuid(),
      topicName: string(),
    }),
  },
)
