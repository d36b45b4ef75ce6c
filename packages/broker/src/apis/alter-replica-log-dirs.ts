/**
 * AlterReplicaLogDirs (KIP-113): moves replicas between the directories of a broker. There is one directory here, and everything is
 * in it already.
 */

import { alterReplicaLogDirs, errorCode, KafkaError, type ResponseInput } from '@ottla/protocol'
import { findLog, findTopic } from '../partition-access.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type TopicResult = ResponseInput<typeof alterReplicaLogDirs>['results'][number]

export const alterReplicaLogDirsHandler = handler(
  alterReplicaLogDirs,
  ({ request, broker }) => {
    const results = new Map<string, TopicResult['partitions'][number][]>()
    for (const { path, topics } of request.dirs) {
      for (const { name, partitions } of topics) {
        const answers = results.get(name) ?? []
        for (const partitionIndex of partitions) {
          answers.push({ partitionIndex, errorCode: move(broker, { name, partitionIndex, path }) })
        }
        results.set(name, answers)
      }
    }
    return { results: [...results].map(([topicName, partitions]) => ({ topicName, partitions })) }
  },
  {
    refuse: ({ request, errorCode }) => ({
      results: request.dirs
        .flatMap(({ topics }) => topics)
        .map(({ name, partitions }) => ({
          topicName: name,
          partitions: partitions.map(partitionIndex => ({ partitionIndex, errorCode })),
        })),
    }),
  },
)

function move(
  broker: BrokerServices,
  { name, partitionIndex, path }: { name: string; partitionIndex: number; path: string },
): number {
  if (path !== broker.logs.path) return errorCode('LOG_DIR_NOT_FOUND')
  try {
    const log = findLog(broker, findTopic(broker, { topicId: '', name }, { isById: false }), partitionIndex)
    return log.isOffline ? errorCode('KAFKA_STORAGE_ERROR') : 0
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return errorCode(error.errorName)
  }
}
