/**
 * OffsetForLeaderEpoch (KIP-101, KIP-320): where an epoch ended. A client asks it after a leader change, to find out whether
 * what it has read is still there: here, after an unclean stop that cut the tail of a log.
 */

import { errorCode, KafkaError, offsetForLeaderEpoch, zeroUuid } from '@ottla/protocol'
import { checkLeaderEpoch, findLog, findTopic } from '../partition-access.ts'
import { handler } from './handler.ts'

export const offsetForLeaderEpochHandler = handler(
  offsetForLeaderEpoch,
  ({ request, broker }) => ({
    topics: request.topics.map(({ topic: name, partitions }) => ({
      topic: name,
      partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
        try {
          const log = findLog(broker, findTopic(broker, { topicId: zeroUuid, name }), partition)
          checkLeaderEpoch(log, currentLeaderEpoch)
          return { errorCode: 0, partition, ...log.endOffsetForEpoch(leaderEpoch) }
        } catch (error) {
          if (!(error instanceof KafkaError)) throw error
          return { errorCode: errorCode(error.errorName), partition, leaderEpoch: -1, endOffset: -1 }
        }
      }),
    })),
  }),
  {
    refuse: ({ request, errorCode }) => ({
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => ({ errorCode, partition })),
      })),
    }),
  },
)
