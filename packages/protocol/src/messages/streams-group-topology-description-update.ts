/** StreamsGroupTopologyDescriptionUpdate: a Kafka Streams client hands in the description of its topology. */

import { api, array, int8, int16, int32, nullable, string, struct } from '../schema/index.ts'

export const streamsGroupTopologyDescriptionUpdate = api(
  93,
  'StreamsGroupTopologyDescriptionUpdate',
  { versions: '0', flexible: '0+' },
  {
    request: {
      groupId: string(),
      memberId: string(),
      topologyEpoch: int32(),
      topologyDescription: struct({
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
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: nullable(string(), { default: null }),
    },
  },
)
