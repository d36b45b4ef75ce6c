/** Streams groups (KIP-1071), as the topic `__consumer_offsets` keeps them. */

import { array, int8, int16, int32, int64, nullable, recordMessage, string, struct, uint16 } from '../schema/index.ts'

export const streamsGroupMetadataKey = recordMessage(
  'StreamsGroupMetadataKey',
  { recordType: 17, versions: '0' },
  {
    groupId: string(),
  },
)

export const streamsGroupMetadataValue = recordMessage(
  'StreamsGroupMetadataValue',
  { recordType: 17, versions: '0', flexible: '0+' },
  {
    epoch: int32(),
    metadataHash: int64(),
    validatedTopologyEpoch: int32({ tag: 0, default: -1 }),
    lastAssignmentConfigs: nullable(
      array({
        key: string(),
        value: string(),
      }),
      { tag: 1 },
    ),
    storedDescriptionTopologyEpoch: int32({ tag: 2, default: -1 }),
    failedDescriptionTopologyEpoch: int32({ tag: 3, default: -1 }),
  },
)

export const streamsGroupMemberMetadataKey = recordMessage(
  'StreamsGroupMemberMetadataKey',
  { recordType: 19, versions: '0' },
  {
    groupId: string(),
    memberId: string(),
  },
)

export const streamsGroupMemberMetadataValue = recordMessage(
  'StreamsGroupMemberMetadataValue',
  { recordType: 19, versions: '0', flexible: '0+' },
  {
    instanceId: nullable(string()),
    rackId: nullable(string()),
    clientId: string(),
    clientHost: string(),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topologyEpoch: int32(),
    processId: string(),
    userEndpoint: nullable(
      struct({
        host: string(),
        port: uint16(),
      }),
      { default: null },
    ),
    clientTags: array({
      key: string(),
      value: string(),
    }),
  },
)

export const streamsGroupTargetAssignmentMetadataKey = recordMessage(
  'StreamsGroupTargetAssignmentMetadataKey',
  { recordType: 20, versions: '0' },
  {
    groupId: string(),
  },
)

export const streamsGroupTargetAssignmentMetadataValue = recordMessage(
  'StreamsGroupTargetAssignmentMetadataValue',
  { recordType: 20, versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0 }),
  },
)

export const streamsGroupTargetAssignmentMemberKey = recordMessage(
  'StreamsGroupTargetAssignmentMemberKey',
  { recordType: 21, versions: '0' },
  {
    groupId: string(),
    memberId: string(),
  },
)

export const streamsGroupTargetAssignmentMemberValue = recordMessage(
  'StreamsGroupTargetAssignmentMemberValue',
  { recordType: 21, versions: '0', flexible: '0+' },
  {
    activeTasks: array({
      subtopologyId: string(),
      partitions: array(int32()),
    }),
    standbyTasks: array({
      subtopologyId: string(),
      partitions: array(int32()),
    }),
    warmupTasks: array({
      subtopologyId: string(),
      partitions: array(int32()),
    }),
  },
)

export const streamsGroupCurrentMemberAssignmentKey = recordMessage(
  'StreamsGroupCurrentMemberAssignmentKey',
  { recordType: 22, versions: '0' },
  {
    groupId: string(),
    memberId: string(),
  },
)

export const streamsGroupCurrentMemberAssignmentValue = recordMessage(
  'StreamsGroupCurrentMemberAssignmentValue',
  { recordType: 22, versions: '0', flexible: '0+' },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    activeTasks: array({
      subtopologyId: string(),
      partitions: array(int32()),
      assignmentEpochs: nullable(array(int32()), { tag: 0 }),
    }),
    standbyTasks: array({
      subtopologyId: string(),
      partitions: array(int32()),
      assignmentEpochs: nullable(array(int32()), { tag: 0 }),
    }),
    warmupTasks: array({
      subtopologyId: string(),
      partitions: array(int32()),
      assignmentEpochs: nullable(array(int32()), { tag: 0 }),
    }),
    activeTasksPendingRevocation: array({
      subtopologyId: string(),
      partitions: array(int32()),
      assignmentEpochs: nullable(array(int32()), { tag: 0 }),
    }),
    standbyTasksPendingRevocation: array({
      subtopologyId: string(),
      partitions: array(int32()),
      assignmentEpochs: nullable(array(int32()), { tag: 0 }),
    }),
    warmupTasksPendingRevocation: array({
      subtopologyId: string(),
      partitions: array(int32()),
      assignmentEpochs: nullable(array(int32()), { tag: 0 }),
    }),
  },
)

export const streamsGroupTopologyKey = recordMessage(
  'StreamsGroupTopologyKey',
  { recordType: 23, versions: '0' },
  {
    groupId: string(),
  },
)

export const streamsGroupTopologyValue = recordMessage(
  'StreamsGroupTopologyValue',
  { recordType: 23, versions: '0', flexible: '0+' },
  {
    epoch: int32(),
    subtopologies: array({
      subtopologyId: string(),
      sourceTopics: array(string()),
      sourceTopicRegex: array(string()),
      stateChangelogTopics: array({
        name: string(),
        partitions: int32(),
        replicationFactor: int16(),
        topicConfigs: array({
          key: string(),
          value: string(),
        }),
      }),
      repartitionSinkTopics: array(string()),
      repartitionSourceTopics: array({
        name: string(),
        partitions: int32(),
        replicationFactor: int16(),
        topicConfigs: array({
          key: string(),
          value: string(),
        }),
      }),
      copartitionGroups: array({
        sourceTopics: array(int16()),
        sourceTopicRegex: array(int16()),
        repartitionSourceTopics: array(int16()),
      }),
    }),
  },
)
