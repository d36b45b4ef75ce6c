/** Reads what one fetch asks of one partition. Failures of a partition are values: the other partitions are answered. */

import type { PartitionLog } from '@ottla/log'
import { errorCode, KafkaError } from '@ottla/protocol'
import { checkLeaderEpoch, findLog, findTopic } from '../partition-access.ts'
import type { BrokerServices } from '../services.ts'
import type { FetchTarget } from './fetch-sessions.ts'

/** A partition of a Fetch answer. */
export interface PartitionData {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly abortedTransactions: readonly { producerId: number; firstOffset: number }[] | null
  readonly records: readonly Buffer[]
  readonly divergingEpoch?: { epoch: number; endOffset: number }
  readonly currentLeader?: { leaderId: number; leaderEpoch: number }
}

export interface PartitionRead {
  readonly data: PartitionData
  readonly sizeInBytes: number
  /** Where news of this partition comes from; undefined if there is no such partition. */
  readonly log: PartitionLog | undefined
}

export interface ReadLimits {
  readonly maxBytes: number
  /** The first batch is given whole even if it is larger than `maxBytes`. */
  readonly minOneBatch: boolean
  readonly isReadCommitted: boolean
  /** The client says that it is a replica: none is known here. */
  readonly isReplica: boolean
  /** Answers that name the wrong leader or epoch tell the right one (KIP-951). */
  readonly hintsLeader: boolean
  /** The version names topics by id, and in no other way. */
  readonly namesTopicsById: boolean
}

const noRecords: readonly Buffer[] = []

/** Synchronous where the tail of the log in memory has what is asked for. */
export function readPartition(
  broker: BrokerServices,
  target: FetchTarget,
  limits: ReadLimits,
): PartitionRead | Promise<PartitionRead> {
  let log: PartitionLog | undefined
  try {
    const topic = findTopic(broker, { topicId: target.topicId, name: target.topic }, { isById: limits.namesTopicsById })
    log = findLog(broker, topic, target.partition)
    if (limits.isReplica) throw new KafkaError('NOT_LEADER_OR_FOLLOWER', 'There are no followers here')
    checkLeaderEpoch(log, target.currentLeaderEpoch)
    const divergingEpoch = findDivergence(log, target)
    if (divergingEpoch !== undefined)
      return { log, sizeInBytes: 0, data: { ...emptyData(log, target, limits), divergingEpoch } }
    const result = log.read({
      fromOffset: target.fetchOffset,
      maxBytes: Math.min(target.maxBytes, limits.maxBytes),
      minOneBatch: limits.minOneBatch,
      isolation: limits.isReadCommitted ? 'lastStableOffset' : 'highWatermark',
    })
    const toRead = (read: Awaited<typeof result>): PartitionRead => ({
      log,
      sizeInBytes: read.sizeInBytes,
      data: {
        partitionIndex: target.partition,
        errorCode: 0,
        highWatermark: read.highWatermark,
        lastStableOffset: read.lastStableOffset,
        logStartOffset: read.logStartOffset,
        abortedTransactions: read.abortedTransactions ?? null,
        records: read.records,
      },
    })
    if (!(result instanceof Promise)) return toRead(result)
    return result.then(toRead, error => failedRead(broker, { target, log, hintsLeader: limits.hintsLeader }, error))
  } catch (error) {
    return failedRead(broker, { target, log, hintsLeader: limits.hintsLeader }, error)
  }
}

/**
 * Where the client's history leaves ours (KIP-595): it has read up to `fetchOffset` in an epoch that ended before.
 * Throws KafkaError OFFSET_OUT_OF_RANGE if the epoch is older than anything that is left.
 */
function findDivergence(
  log: PartitionLog,
  { lastFetchedEpoch, fetchOffset }: FetchTarget,
): { epoch: number; endOffset: number } | undefined {
  if (lastFetchedEpoch < 0) return undefined
  const { leaderEpoch, endOffset } = log.endOffsetForEpoch(lastFetchedEpoch)
  if (leaderEpoch < 0 || endOffset < 0 || fetchOffset < log.logStartOffset) {
    throw new KafkaError('OFFSET_OUT_OF_RANGE', `No end of epoch ${lastFetchedEpoch} is known`)
  }
  if (leaderEpoch < lastFetchedEpoch || endOffset < fetchOffset) return { epoch: leaderEpoch, endOffset }
  return undefined
}

function emptyData(log: PartitionLog, target: FetchTarget, limits: ReadLimits): PartitionData {
  return {
    partitionIndex: target.partition,
    errorCode: 0,
    highWatermark: log.highWatermark,
    lastStableOffset: log.lastStableOffset,
    logStartOffset: log.logStartOffset,
    abortedTransactions: limits.isReadCommitted ? [] : null,
    records: noRecords,
  }
}

interface Failure {
  readonly target: FetchTarget
  readonly log: PartitionLog | undefined
  readonly hintsLeader: boolean
}

function failedRead(broker: BrokerServices, { target, log, hintsLeader }: Failure, error: unknown): PartitionRead {
  if (!(error instanceof KafkaError)) {
    broker.logger.error(
      { topic: log?.topic, partition: target.partition, err: error },
      'a bug: a partition could not be read',
    )
  }
  const name = error instanceof KafkaError ? error.errorName : 'UNKNOWN_SERVER_ERROR'
  const data: PartitionData = {
    partitionIndex: target.partition,
    errorCode: errorCode(name),
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: log === undefined ? [] : null,
    records: noRecords,
  }
  const isAboutLeader = name === 'FENCED_LEADER_EPOCH' || name === 'NOT_LEADER_OR_FOLLOWER'
  if (!hintsLeader || !isAboutLeader || log === undefined) return { log, sizeInBytes: 0, data }
  const currentLeader = { leaderId: broker.nodeId, leaderEpoch: log.leaderEpoch }
  return { log, sizeInBytes: 0, data: { ...data, currentLeader } }
}
