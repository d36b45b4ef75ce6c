/**
 * Produce: record batches in, as they came; the log gives them their offsets.
 *
 * acks -1 is answered when the batches are flushed, 1 when they are written, 0 not at all (an error then closes the
 * connection, which is the only way to be heard). Batches are appended before this returns, so the next Produce of the
 * connection may begin and share the flush; except where partitions are to join a transaction first. v12 lets them join by being
 * written to (KIP-890), v13 names topics by id (KIP-516).
 */

import { RecordValidationError } from '@ottla/log'
import {
  type ErrorName,
  errorCode,
  KafkaError,
  produce,
  RecordBatch,
  type Request,
  type ResponseInput,
} from '@ottla/protocol'
import { findLog, findTopic } from '../partition-access.ts'
import type { BrokerServices, ConnectionInfo } from '../services.ts'
import { type Answer, type HandlerContext, handler, type Refusal } from './handler.ts'
import { ProduceTransaction } from './produce-transaction.ts'

type ProduceRequest = Request<typeof produce>
type TopicData = ProduceRequest['topicData'][number]
type PartitionInput = TopicData['partitionData'][number]

interface PartitionAnswer {
  readonly index: number
  errorCode: number
  baseOffset: number
  logAppendTimeMs: number
  logStartOffset: number
  recordErrors?: readonly { batchIndex: number; batchIndexErrorMessage: string | null }[]
  errorMessage?: string | null
}

const acksAll = -1
const firstZstdVersion = 7
const firstTopicIdVersion = 13
const compressionMask = 0x07
const zstdCodec = 4

export const produceHandler = handler(
  produce,
  context => {
    const transaction = new ProduceTransaction(context)
    transaction.assertHasId()
    if (!transaction.needsToJoin) return appendAll(context, transaction)
    return transaction.join().then(() => appendAll(context, transaction))
  },
  { refuse: refuseAll, pipelined: context => !new ProduceTransaction(context).needsToJoin },
)

/** The only way for a client to hear of it. */
function closeIfFailed(connection: ConnectionInfo, answers: readonly PartitionAnswer[]): void {
  const failed = answers.find(answer => answer.errorCode !== 0)
  if (failed !== undefined) connection.close(`a produce request with acks=0 failed: ${failed.errorMessage}`)
}

function appendAll(
  { request, version, broker, connection }: HandlerContext<typeof produce>,
  transaction: ProduceTransaction,
): Answer<typeof produce> | Promise<Answer<typeof produce>> {
  const { acks } = request
  const waits = new Waits()
  const responses = request.topicData
    .filter(({ partitionData }) => partitionData.length > 0)
    .map(topic => ({
      topicId: topic.topicId,
      name: topic.name,
      partitionResponses: topic.partitionData.map(partition =>
        append(broker, { topic, partition, version, acks, waits, transaction }),
      ),
    }))
  if (acks === 0) {
    const answers = responses.flatMap(({ partitionResponses }) => partitionResponses)
    closeIfFailed(connection, answers)
    if (waits.isEmpty) return null
    // Not answered, but under way until it is written: who hears nothing would fill our memory when the disk is slower.
    return waits.settled(null, { timers: broker.timers, timeoutMs: null }).then(() => {
      closeIfFailed(connection, answers)
      return null
    })
  }
  return waits.isEmpty
    ? { responses }
    : waits.settled({ responses }, { timers: broker.timers, timeoutMs: request.timeoutMs })
}

interface Append {
  readonly topic: TopicData
  readonly partition: PartitionInput
  readonly version: number
  readonly acks: number
  readonly waits: Waits
  readonly transaction: ProduceTransaction
}

function append(
  broker: BrokerServices,
  { topic: reference, partition, version, acks, waits, transaction }: Append,
): PartitionAnswer {
  const answer: PartitionAnswer = {
    index: partition.index,
    errorCode: 0,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
  }
  try {
    const topic = findTopic(broker, reference, { isById: version >= firstTopicIdVersion })
    const log = findLog(broker, topic, partition.index)
    const { records } = partition
    if (records === null) throw notOneBatch()
    checkForm(records, version)
    if (topic.isInternal)
      throw new KafkaError('INVALID_TOPIC_EXCEPTION', `Cannot append to internal topic ${topic.name}`)
    if (acks !== acksAll && acks !== 0 && acks !== 1) {
      throw new KafkaError('INVALID_REQUIRED_ACKS', `acks must be -1, 0 or 1, not ${acks}`)
    }
    if (records.length >= RecordBatch.overheadBytes) transaction.check(log, new RecordBatch(records))
    answer.logStartOffset = log.logStartOffset
    const appended = log.append(records, { origin: 'client' })
    answer.baseOffset = appended.baseOffset
    answer.logAppendTimeMs = appended.logAppendTimeMs
    const onStored = waits.add(answer)
    if (acks === acksAll) log.whenDurable(appended.nextOffset, onStored)
    else log.whenWritten(appended.nextOffset, onStored)
  } catch (error) {
    fail(answer, error)
    if (!(error instanceof KafkaError)) {
      broker.logger.error({ topic: reference.name, partition: partition.index, err: error }, 'a bug: an append failed')
    }
  }
  return answer
}

/**
 * What Kafka checks before it looks into the log: one batch of magic 2, in a codec of the version (clients of older ones
 * could not read zstd, KIP-110). What is too short for a batch is left to the log, which says what is wrong with it.
 */
function checkForm(records: Buffer, version: number): void {
  if (records.length === 0) throw notOneBatch()
  if (records.length < RecordBatch.overheadBytes) return
  const batch = new RecordBatch(records)
  if (batch.magic === 0 || batch.magic === 1) {
    throw new KafkaError('INVALID_RECORD', `Record batches of magic ${batch.magic} are not accepted, only 2 is`)
  }
  const end = batch.sizeInBytes
  if (batch.batchLength > 0 && records.length - end >= RecordBatch.overheadBytes) {
    if (new RecordBatch(records, end).sizeInBytes <= records.length - end) throw notOneBatch()
  }
  if (version >= firstZstdVersion || (batch.attributes & compressionMask) !== zstdCodec) return
  throw new KafkaError(
    'UNSUPPORTED_COMPRESSION_TYPE',
    `Produce requests with version < ${firstZstdVersion} are not allowed to use ZStandard compression`,
  )
}

function notOneBatch(): KafkaError {
  return new KafkaError('INVALID_RECORD', 'A produce request must hold exactly one record batch per partition')
}

/** With these Kafka does not tell where the log starts, with all others it does. */
const errorsWithoutLogStart: ReadonlySet<ErrorName> = new Set([
  'CORRUPT_MESSAGE',
  'INVALID_TOPIC_EXCEPTION',
  'KAFKA_STORAGE_ERROR',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'UNSUPPORTED_COMPRESSION_TYPE',
])

function fail(answer: PartitionAnswer, error: unknown): void {
  const name: ErrorName = error instanceof KafkaError ? error.errorName : 'UNKNOWN_SERVER_ERROR'
  answer.errorCode = errorCode(name)
  answer.errorMessage = error instanceof KafkaError ? error.message : null
  answer.baseOffset = -1
  answer.logAppendTimeMs = -1
  if (errorsWithoutLogStart.has(name)) answer.logStartOffset = -1
  if (!(error instanceof RecordValidationError)) return
  answer.recordErrors = error.recordErrors.map(({ batchIndex, message }) => ({
    batchIndex,
    batchIndexErrorMessage: message,
  }))
}

/** The partitions of one request that are not stored yet: one callback each, one promise for all. */
class Waits {
  readonly #pending = new Set<PartitionAnswer>()
  #resolve: (() => void) | null = null

  get isEmpty(): boolean {
    return this.#pending.size === 0
  }

  add(answer: PartitionAnswer): (error?: Error) => void {
    this.#pending.add(answer)
    return error => {
      if (!this.#pending.delete(answer)) return
      if (error !== undefined) fail(answer, error)
      if (this.#pending.size === 0) this.#resolve?.()
    }
  }

  /** Resolves with `response` when all are stored; what is not by `timeoutMs` (null: whenever) is answered REQUEST_TIMED_OUT. */
  settled<R>(
    response: R,
    { timers, timeoutMs }: { timers: BrokerServices['timers']; timeoutMs: number | null },
  ): Promise<R> {
    return new Promise(resolve => {
      if (timeoutMs === null) {
        this.#resolve = () => resolve(response)
        return
      }
      const timer = timers.after(timeoutMs, () => {
        const error = new KafkaError('REQUEST_TIMED_OUT', `The records were not stored within ${timeoutMs} ms`)
        for (const answer of this.#pending) fail(answer, error)
        this.#pending.clear()
        resolve(response)
      })
      this.#resolve = () => {
        timer.cancel()
        resolve(response)
      }
    })
  }
}

/** The same error for every partition that was named. */
function refuseAll({
  request,
  errorCode,
  errorMessage,
}: Refusal<typeof produce>): ResponseInput<typeof produce> | null {
  if (request.acks === 0) return null
  return {
    responses: request.topicData.map(({ topicId, name, partitionData }) => ({
      topicId,
      name,
      partitionResponses: partitionData.map(({ index }) => ({ index, errorCode, baseOffset: -1, errorMessage })),
    })),
  }
}
