/** Consumer groups of the new protocol (KIP-848), as the topic `__consumer_offsets` keeps them. */

import { array, bytes, int8, int32, int64, nullable, recordMessage, string, struct, uuid } from '../schema/index.ts'

export const consumerGroupMetadataKey = recordMessage(
  'ConsumerGroupMetadataKey',
  { recordType: 3, versions: '0' },
  {
    groupId: string(),
  },
)

export const consumerGroupMetadataValue = recordMessage(
  'ConsumerGroupMetadataValue',
  { recordType: 3, versions: '0', flexible: '0+' },
  {
    epoch: int32(),
    metadataHash: int64({ tag: 0 }),
  },
)

export const consumerGroupPartitionMetadataKey = recordMessage(
  'ConsumerGroupPartitionMetadataKey',
  { recordType: 4, versions: '0' },
  {
    groupId: string(),
  },
)

export const consumerGroupPartitionMetadataValue = recordMessage(
  'ConsumerGroupPartitionMetadataValue',
  { recordType: 4, versions: '0', flexible: '0+' },
  {
    topics: array({
      topicId: uuid(),
      topicName: string(),
      numPartitions: int32(),
      partitionMetadata: array({
        partition: int32(),
        racks: array(string()),
      }),
    }),
  },
)

export const consumerGroupMemberMetadataKey = recordMessage(
  'ConsumerGroupMemberMetadataKey',
  { recordType: 5, versions: '0' },
  {
    groupId: string(),
    memberId: string(),
  },
)

export const consumerGroupMemberMetadataValue = recordMessage(
  'ConsumerGroupMemberMetadataValue',
  { recordType: 5, versions: '0', flexible: '0+' },
  {
    instanceId: nullable(string()),
    rackId: nullable(string()),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
    subscribedTopicRegex: nullable(string()),
    rebalanceTimeoutMs: int32({ default: -1 }),
    serverAssignor: nullable(string()),
    classicMemberMetadata: nullable(
      struct({
        sessionTimeoutMs: int32(),
        supportedProtocols: array({
          name: string(),
          metadata: bytes(),
        }),
      }),
      { tag: 0 },
    ),
  },
)

export const consumerGroupTargetAssignmentMetadataKey = recordMessage(
  'ConsumerGroupTargetAssignmentMetadataKey',
  { recordType: 6, versions: '0' },
  {
    groupId: string(),
  },
)

export const consumerGroupTargetAssignmentMetadataValue = recordMessage(
  'ConsumerGroupTargetAssignmentMetadataValue',
  { recordType: 6, versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0 }),
  },
)

export const consumerGroupTargetAssignmentMemberKey = recordMessage(
  'ConsumerGroupTargetAssignmentMemberKey',
  { recordType: 7, versions: '0' },
  {
    groupId: string(),
    memberId: string(),
  },
)

export const consumerGroupTargetAssignmentMemberValue = recordMessage(
  'ConsumerGroupTargetAssignmentMemberValue',
  { recordType: 7, versions: '0', flexible: '0+' },
  {
    topicPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
)

export const consumerGroupCurrentMemberAssignmentKey = recordMessage(
  'ConsumerGroupCurrentMemberAssignmentKey',
  { recordType: 8, versions: '0' },
  {
    groupId: string(),
    memberId: string(),
  },
)

export const consumerGroupCurrentMemberAssignmentValue = recordMessage(
  'ConsumerGroupCurrentMemberAssignmentValue',
  { recordType: 8, versions: '0', flexible: '0+' },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
      assignmentEpochs: nullable(array(int32()), { tag: 0 }),
    }),
    partitionsPendingRevocation: array({
      topicId: uuid(),
      partitions: array(int32()),
      assignmentEpochs: nullable(array(int32()), { tag: 0 }),
    }),
  },
)

export const consumerGroupRegularExpressionKey = recordMessage(
  'ConsumerGroupRegularExpressionKey',
  { recordType: 16, versions: '0' },
  {
    groupId: string(),
    regularExpression: string(),
  },
)

export const consumerGroupRegularExpressionValue = recordMessage(
  'ConsumerGroupRegularExpressionValue',
  { recordType: 16, versions: '0', flexible: '0+' },
  {
    topics: array(string()),
    version: int64(),
    timestamp: int64(),
  },
)
