/**
 * ListOffsets: offsets by time, and the ends of a log.
 *
 *   -1 latest: what a consumer of this isolation level can read up to   -2 earliest   -3 the first record with the highest time
 *   -4 earliest on local disk: the same as -2 here      -5 latest tiered, -6 earliest to be tiered: there is none
 */

import { errorCode, KafkaError, listOffsets, type Request, zeroUuid } from '@ottla/protocol'
import { checkLeaderEpoch, findLog, findTopic } from '../partition-access.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type PartitionQuery = Request<typeof listOffsets>['topics'][number]['partitions'][number]

interface OffsetAnswer {
  readonly timestamp: number
  readonly offset: number
  readonly leaderEpoch: number
}

const nothing: OffsetAnswer = { timestamp: -1, offset: -1, leaderEpoch: -1 }

/** Special timestamps, and the version from which each has its meaning. */
const latest = -1
const earliest = -2
const maxTimestamp = -3
const earliestLocal = -4
const latestTiered = -5
const earliestPendingUpload = -6
const sinceVersion = new Map([
  [latest, 0],
  [earliest, 0],
  [maxTimestamp, 7],
  [earliestLocal, 8],
  [latestTiered, 9],
  [earliestPendingUpload, 11],
])

const readCommitted = 1

export const listOffsetsHandler = handler(
  listOffsets,
  async ({ request, version, broker }) => ({
    topics: await Promise.all(
      request.topics
        .filter(({ partitions }) => partitions.length > 0)
        .map(async ({ name, partitions }) => {
          const queries = new Map(partitions.map(query => [query.partitionIndex, query]))
          const repeated = new Set(
            partitions
              .filter(query => queries.get(query.partitionIndex) !== query)
              .map(({ partitionIndex }) => partitionIndex),
          )
          return {
            name,
            // A partition that is named twice is answered once, with an error.
            partitions: await Promise.all(
              Array.from(queries.values(), query =>
                answer(broker, {
                  name,
                  query,
                  version,
                  isRepeated: repeated.has(query.partitionIndex),
                  isolationLevel: request.isolationLevel,
                }),
              ),
            ),
          }
        }),
    ),
  }),
  {
    refuse: ({ request, errorCode }) => ({
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode, ...nothing })),
      })),
    }),
  },
)

interface Query {
  readonly name: string
  readonly query: PartitionQuery
  readonly version: number
  /** The request names the partition twice. */
  readonly isRepeated: boolean
  readonly isolationLevel: number
}

async function answer(broker: BrokerServices, asked: Query) {
  const { partitionIndex } = asked.query
  try {
    return { partitionIndex, errorCode: 0, ...(await find(broker, asked)) }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { partitionIndex, errorCode: errorCode(error.errorName), ...nothing }
  }
}

async function find(
  broker: BrokerServices,
  { name, query, version, isRepeated, isolationLevel }: Query,
): Promise<OffsetAnswer> {
  if (isRepeated) throw new KafkaError('INVALID_REQUEST')
  const timestamp = Number(query.timestamp)
  if (timestamp < 0 && version < (sinceVersion.get(timestamp) ?? Number.POSITIVE_INFINITY))
    throw new KafkaError('UNSUPPORTED_VERSION')
  const log = findLog(broker, findTopic(broker, { topicId: zeroUuid, name }), query.partitionIndex)
  checkLeaderEpoch(log, query.currentLeaderEpoch)
  const end = isolationLevel === readCommitted ? log.lastStableOffset : log.highWatermark
  switch (timestamp) {
    case latest:
      return { timestamp: -1, offset: end, leaderEpoch: log.leaderEpoch }
    case earliest:
    case earliestLocal:
      return { timestamp: -1, offset: log.logStartOffset, leaderEpoch: log.earliestLeaderEpoch }
    case latestTiered:
    case earliestPendingUpload:
      return nothing
    case maxTimestamp: {
      const found = await log.maxTimestamp()
      return found !== null && found.offset < end ? found : nothing
    }
    default: {
      const found = await log.offsetForTimestamp(timestamp)
      return found !== null && found.offset < end ? found : nothing
    }
  }
}
