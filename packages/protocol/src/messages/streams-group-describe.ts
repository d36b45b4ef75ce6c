/** StreamsGroupDescribe: state, topology, members and tasks of streams groups (KIP-1071). */

import { api, array, boolean, int8, int16, int32, int64, nullable, string, struct, uint16 } from '../schema/index.ts'

export const streamsGroupDescribe = api(
  89,
  'StreamsGroupDescribe',
  { versions: '0-1', flexible: '0+' },
  {
    request: {
      groupIds: array(string()),
      includeAuthorizedOperations: boolean(),
      includeTopologyDescription: boolean({ since: 1 }),
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
        topology: nullable(
          struct({
            epoch: int32(),
            subtopologies: nullable(
              array({
                subtopologyId: string(),
                sourceTopics: array(string()),
                repartitionSinkTopics: array(string()),
                stateChangelogTopics: array({
                  name: string(),
                  partitions: int32(),
                  replicationFactor: int16(),
                  topicConfigs: array({
                    key: string(),
                    value: string(),
                  }),
                }),
                repartitionSourceTopics: array({
                  name: string(),
                  partitions: int32(),
                  replicationFactor: int16(),
                  topicConfigs: array({
                    key: string(),
                    value: string(),
                  }),
                }),
              }),
              { default: null },
            ),
          }),
          { default: null },
        ),
        members: array({
          memberId: string(),
          memberEpoch: int32(),
          instanceId: nullable(string(), { default: null }),
          rackId: nullable(string(), { default: null }),
          clientId: string(),
          clientHost: string(),
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
          taskOffsets: array({
            subtopologyId: string(),
            partition: int32(),
            offset: int64(),
          }),
          taskEndOffsets: array({
            subtopologyId: string(),
            partition: int32(),
            offset: int64(),
          }),
          assignment: struct({
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
          }),
          targetAssignment: struct({
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
          }),
          isClassic: boolean(),
        }),
        authorizedOperations: int32({ default: -2147483648 }),
        topologyDescription: nullable(
          struct({
            subtopologies: array({
              subtopologyId: string(),
              nodes: array({
                name: string(),
                nodeType: int8(),
                sourceTopics: array(string()),
                sinkTopic: nullable(string(), { default: null }),
                stores: array(string()),
                successors: array(string()),
              }),
            }),
            globalStores: array({
              source: struct({
                name: string(),
                nodeType: int8(),
                sourceTopics: array(string()),
                sinkTopic: nullable(string(), { default: null }),
                stores: array(string()),
                successors: array(string()),
              }),
              processor: struct({
                name: string(),
                nodeType: int8(),
                sourceTopics: array(string()),
                sinkTopic: nullable(string(), { default: null }),
                stores: array(string()),
                successors: array(string()),
              }),
            }),
          }),
          { since: 1, default: null },
        ),
        topologyDescriptionStatus: int8({ since: 1 }),
        assignorName: nullable(string(), { since: 1, default: null }),
      }),
    },
  },
)
