/**
 * Fetch: records of many partitions, up to the high watermark, as slices from file to socket.
 *
 * v7 sessions (KIP-227), v9 leader epochs (KIP-320), v12 diverging epochs (KIP-595), v13 topic ids (KIP-516), v15 replica
 * state, v16 leader hints (KIP-951). The first batch is given whole even when it exceeds every limit, or a consumer whose
 * limit is too low would stand still for ever.
 */

import { fetch, type Request, type ResponseInput } from '@ottla/protocol'
import {
  type FetchSession,
  type FetchTarget,
  keyOf,
  newPartition,
  type SessionPartition,
} from '../fetch/fetch-sessions.ts'
import type { PartitionRead } from '../fetch/partition-reader.ts'
import { readOrWait } from '../fetch/waiting-fetch.ts'
import { addressFor } from '../network/listener-address.ts'
import type { BrokerServices, ConnectionInfo } from '../services.ts'
import { handler } from './handler.ts'

type FetchRequest = Request<typeof fetch>
type FetchResponse = ResponseInput<typeof fetch>

const firstTopicIdVersion = 13
const firstReplicaStateVersion = 15
const firstLeaderHintVersion = 16
const readCommitted = 1
/** The session epoch that ends a session, or wants none. */
const sessionless = -1

export const fetchHandler = handler(
  fetch,
  async ({ request, version, broker, connection }) => {
    const replicaId = version >= firstReplicaStateVersion ? request.replicaState.replicaId : request.replicaId
    const { session, isIncremental } = enterSession(broker, request, version)
    const partitions = session === null ? uniqueTargets(request).map(newPartition) : [...session.partitions.values()]
    const reads = await readOrWait(broker, connection, partitions, {
      maxWaitMs: request.maxWaitMs,
      minBytes: request.minBytes,
      maxBytes: Math.min(request.maxBytes, broker.settings.get('fetch.max.bytes')),
      isReadCommitted: request.isolationLevel === readCommitted,
      isReplica: replicaId >= 0,
      hintsLeader: version >= firstLeaderHintVersion,
      namesTopicsById: version >= firstTopicIdVersion,
    })
    for (const { log, sizeInBytes } of reads) if (log !== undefined) log.traffic.bytesOut += sizeInBytes
    return withEndpoints(answer(partitions, reads, { session, isIncremental }), broker, connection)
  },
  { refuse: ({ errorCode }) => ({ errorCode, sessionId: 0, responses: [] }) },
)

function targetsOf(request: FetchRequest): FetchTarget[] {
  return request.topics.flatMap(({ topicId, topic, partitions }) =>
    partitions.map(partition => ({
      topicId,
      topic,
      partition: partition.partition,
      currentLeaderEpoch: partition.currentLeaderEpoch,
      fetchOffset: Number(partition.fetchOffset),
      lastFetchedEpoch: partition.lastFetchedEpoch,
      maxBytes: partition.partitionMaxBytes,
    })),
  )
}

/** A partition that is named twice is read once, from where it was named last. */
function uniqueTargets(request: FetchRequest): FetchTarget[] {
  return [...new Map(targetsOf(request).map(target => [keyOf(target), target])).values()]
}

interface EnteredSession {
  readonly session: FetchSession | null
  /** The answer names only partitions with news. */
  readonly isIncremental: boolean
}

/** Throws KafkaError for a session that is not there or is elsewhere. */
function enterSession({ fetchSessions }: BrokerServices, request: FetchRequest, version: number): EnteredSession {
  const { sessionId: id, sessionEpoch: epoch } = request
  const usesTopicIds = version >= firstTopicIdVersion
  if (epoch !== 0 && epoch !== sessionless) {
    const session = fetchSessions.resume({ id, epoch, usesTopicIds })
    const forgotten = request.forgottenTopicsData.flatMap(({ topicId, topic, partitions }) =>
      partitions.map(partition => keyOf({ topicId, topic, partition })),
    )
    session.update({ targets: targetsOf(request), forgotten })
    if (session.partitions.size > 0) return { session, isIncremental: true }
    fetchSessions.remove(id)
    return { session: null, isIncremental: false }
  }
  if (id !== 0) fetchSessions.remove(id)
  if (epoch === sessionless) return { session: null, isIncremental: false }
  const targets = targetsOf(request)
  const session = fetchSessions.create({ size: targets.length, usesTopicIds })
  session?.update({ targets, forgotten: [] })
  return { session, isIncremental: false }
}

function answer(
  partitions: readonly SessionPartition[],
  reads: readonly PartitionRead[],
  { session, isIncremental }: EnteredSession,
): FetchResponse {
  const responses: { topicId: string; topic: string; partitions: PartitionRead['data'][] }[] = []
  partitions.forEach((partition, index) => {
    const read = reads[index]!
    const hasNews = noteNews(partition, read)
    if (isIncremental && !hasNews) return
    if (session !== null && read.sizeInBytes > 0) session.moveToEnd(partition)
    const last = responses.at(-1)
    if (last !== undefined && last.topicId === partition.topicId && last.topic === partition.topic) {
      last.partitions.push(read.data)
    } else {
      responses.push({ topicId: partition.topicId, topic: partition.topic, partitions: [read.data] })
    }
  })
  return { errorCode: 0, sessionId: session?.id ?? 0, responses }
}

/** Whether the client has not been told this before; remembers what it is told. An error is news each time. */
function noteNews(partition: SessionPartition, { data, sizeInBytes }: PartitionRead): boolean {
  const isNews =
    sizeInBytes > 0 ||
    data.errorCode !== 0 ||
    data.divergingEpoch !== undefined ||
    data.highWatermark !== partition.sentHighWatermark ||
    data.logStartOffset !== partition.sentLogStartOffset
  partition.sentHighWatermark = data.highWatermark
  partition.sentLogStartOffset = data.logStartOffset
  return isNews
}

/** KIP-951: whoever is told of a new leader epoch is told where that leader is. */
function withEndpoints(response: FetchResponse, broker: BrokerServices, connection: ConnectionInfo): FetchResponse {
  const isNeeded = response.responses.some(({ partitions }) => partitions.some(({ currentLeader }) => currentLeader))
  if (!isNeeded) return response
  const { host, port } = addressFor(connection, broker.advertisedListeners)
  return {
    ...response,
    nodeEndpoints: [{ nodeId: broker.nodeId, host, port, rack: broker.settings.get('broker.rack') }],
  }
}
