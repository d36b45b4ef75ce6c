/**
 * DescribeLogDirs (KIP-113): the one data directory, what each partition takes of it, and the size of its disk (KIP-827). The
 * metadata log is not a topic's, so it is not among them.
 */

import { describeLogDirs, type Request, type ResponseInput } from '@ottla/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Asked = Request<typeof describeLogDirs>['topics']
type TopicAnswer = ResponseInput<typeof describeLogDirs>['results'][number]['topics'][number]

export const describeLogDirsHandler = handler(
  describeLogDirs,
  async ({ request, broker }) => {
    const { totalBytes, usableBytes } = await broker.logs.diskSpace()
    return {
      errorCode: 0,
      results: [
        {
          errorCode: 0,
          logDir: broker.logs.path,
          topics: sizes(broker, request.topics),
          totalBytes,
          usableBytes,
          isCordoned: false,
        },
      ],
    }
  },
  {
    refuse: ({ errorCode }) => ({ errorCode, results: [] }),
  },
)

/** Each topic once, with those of the partitions asked for that are there; null asks for all. */
function sizes({ metadata, logs }: BrokerServices, asked: Asked): TopicAnswer[] {
  const partitionsOf = new Map<string, Set<number>>()
  if (asked === null) {
    for (const { name, partitionCount } of metadata.topics())
      partitionsOf.set(name, new Set(Array(partitionCount).keys()))
  } else {
    for (const { topic, partitions } of asked) {
      const all = partitionsOf.get(topic) ?? new Set()
      for (const partition of partitions) all.add(partition)
      partitionsOf.set(topic, all)
    }
  }
  return [...partitionsOf].flatMap(([name, partitions]) => {
    // By the metadata, not by the directories: those of a deleted topic may still be there for a moment.
    const topic = metadata.topic(name)
    const answers = [...partitions].flatMap(partitionIndex => {
      const log = logs.get(name, partitionIndex)
      if (log === undefined || log.topicId !== topic?.id) return []
      return [{ partitionIndex, partitionSize: log.sizeInBytes, offsetLag: 0, isFutureKey: false }]
    })
    return answers.length === 0 ? [] : [{ name, partitions: answers }]
  })
}
