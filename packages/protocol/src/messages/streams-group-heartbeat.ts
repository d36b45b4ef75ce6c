/**
 * StreamsGroupHeartbeat: a Kafka Streams client joins, hands in its topology, learns its tasks and leaves (KIP-1071).
 */

import { api, array, boolean, int8, int16, int32, int64, nullable, string, struct, uint16 } from '../schema/index.ts'

export const streamsGroupHeartbeat = api(
  88,
  'StreamsGroupHeartbeat',
  { versions: '0-1', flexible: '0+' },
  {
    request: {
      groupId: string(),
      memberId: string(),
      memberEpoch: int32(),
      endpointInformationEpoch: int32(),
      instanceId: nullable(string(), { default: null }),
      rackId: nullable(string(), { default: null }),
      rebalanceTimeoutMs: int32({ default: -1 }),
      topology: nullable(
        struct({
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
        }),
        { default: null },
      ),
      activeTasks: nullable(
        array({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
      standbyTasks: nullable(
        array({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
      warmupTasks: nullable(
        array({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
      processId: nullable(string(), { default: null }),
      userEndpoint: nullable(
        struct({
          host: string(),
          port: uint16(),
        }),
        { default: null },
      ),
      clientTags: nullable(
        array({
          key: string(),
          value: string(),
        }),
        { default: null },
      ),
      taskOffsets: nullable(
        array({
          subtopologyId: string(),
          partition: int32(),
          offset: int64(),
        }),
        { default: null },
      ),
      taskEndOffsets: nullable(
        array({
          subtopologyId: string(),
          partition: int32(),
          offset: int64(),
        }),
        { default: null },
      ),
      shutdownApplication: boolean(),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string(), { default: null }),
      memberId: string(),
      memberEpoch: int32(),
      heartbeatIntervalMs: int32(),
      acceptableRecoveryLagLegacy: int32({ until: 0 }),
      taskOffsetIntervalMs: int32(),
      acceptableRecoveryLag: int64({ since: 1, default: -1n }),
      status: nullable(
        array({
          statusCode: int8(),
          statusDetail: string(),
        }),
      ),
      activeTasks: nullable(
        array({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
      standbyTasks: nullable(
        array({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
      warmupTasks: nullable(
        array({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
      topologyDescriptionRequired: boolean({ since: 1 }),
      endpointInformationEpoch: int32(),
      partitionsByUserEndpoint: nullable(
        array({
          userEndpoint: struct({
            host: string(),
            port: uint16(),
          }),
          activePartitions: array({
            topic: string(),
            partitions: array(int32()),
          }),
          standbyPartitions: array({
            topic: string(),
            partitions: array(int32()),
          }),
        }),
        { default: null },
      ),
    },
  },
)
