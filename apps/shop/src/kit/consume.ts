/**
 * The consuming loop: read, react, and only then commit the offset. Pattern: at-least-once delivery, effect exactly once.
 *
 *   connecting -> running -> (failure of the broker or the client) -> connecting, after a pause
 *
 * - A batch is handled in one transaction when all of it succeeds, else one by one (process-batch.ts).
 * - After any failure the client is thrown away and a new one starts from the committed offset: repeats are harmless.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Consumer, type Message, type MessagesStream } from '@platformatic/kafka'
import type { Logger } from 'pino'
import { backoffMs } from './backoff.ts'
import { type ClientSettings, clientOptions, kafkaErrorText } from './kafka.ts'
import { Watchdog } from './watchdog.ts'

const batchRecords = 100
/** The broker answers a waiting fetch after a second at the latest. */
const fetchWaitMs = 1000
const closeLimitMs = 1500
const lookEveryMs = 500

export type ConsumerState = 'connecting' | 'running' | 'stopped'

export type ConsumeOptions = {
  groupId: string
  topics: string[]
  client: ClientSettings
  logger: Logger
  /** Runs before each connection: makes sure that the topics exist. */
  prepare: () => Promise<void>
  /** Looked at now and then: true ends the session, so that the next one is prepared anew. */
  mustRejoin?: () => Promise<boolean>
  /** Returns when every record has had its effect and nothing of it can be lost. */
  handle: (batch: Message[], signal: AbortSignal) => Promise<void>
}

export class Consumption {
  readonly #options: ConsumeOptions
  readonly #stopping = new AbortController()
  #state: ConsumerState = 'connecting'
  #lastError: string | undefined
  #stream: MessagesStream<Buffer, Buffer, Buffer, Buffer> | undefined
  #running: Promise<void> | undefined

  constructor(options: ConsumeOptions) {
    this.#options = options
  }

  get state(): ConsumerState {
    return this.#state
  }

  get lastError(): string | undefined {
    return this.#lastError
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Finishes and commits the batch under way, then leaves the group. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    void this.#stream?.close().catch(error => this.#options.logger.debug({ err: error }, 'closing the stream failed'))
    await this.#running
    this.#state = 'stopped'
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    let failures = 0
    while (!signal.aborted) {
      try {
        await this.#options.prepare()
        await this.#session(() => {
          failures = 0
        })
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        this.#state = 'connecting'
        this.#lastError = kafkaErrorText(error)
        if (failures === 1) this.#options.logger.warn({ reason: this.#lastError }, 'consuming stopped; trying again')
        await delay(backoffMs(failures), undefined, { signal }).catch(() => undefined)
      }
    }
  }

  /** From joining the group to leaving it. Throws when it ends for any reason but a stop. */
  async #session(onRunning: () => void): Promise<void> {
    const { groupId, topics, client, handle, logger } = this.#options
    const consumer = new Consumer({
      ...clientOptions(client),
      groupId,
      // A static member takes its place back at once after a kill, instead of waiting for its own session to time out.
      groupInstanceId: client.clientId,
      sessionTimeout: 10_000,
      rebalanceTimeout: 15_000,
      heartbeatInterval: 2000,
    })
    try {
      const stream = await consumer.consume({
        topics,
        autocommit: false,
        mode: 'committed',
        fallbackMode: 'earliest',
        maxWaitTime: fetchWaitMs,
        minBytes: 1,
        highWaterMark: batchRecords,
      })
      this.#stream = stream
      if (this.#stopping.signal.aborted) void stream.close()
      this.#state = 'running'
      this.#lastError = undefined
      logger.info({ groupId, topics }, 'consuming')
      const watchdog = new Watchdog(stream)
      const rejoining = this.#watchForRejoin(stream)
      try {
        let batch: Message[] = []
        for await (const message of stream) {
          onRunning()
          batch.push(message)
          if (batch.length < batchRecords && stream.readableLength > 0) continue
          watchdog.pause()
          await handle(batch, this.#stopping.signal)
          await consumer.commit({ offsets: nextOffsets(batch) })
          batch = []
          watchdog.resume()
          if (this.#stopping.signal.aborted) break
        }
      } finally {
        watchdog.stop()
        clearInterval(rejoining)
      }
      if (!this.#stopping.signal.aborted) throw new Error('the stream ended')
    } finally {
      this.#stream = undefined
      const closed = consumer.close(true).catch(error => logger.debug({ err: error }, 'closing the consumer failed'))
      await Promise.race([closed, delay(closeLimitMs, undefined, { ref: false })])
    }
  }

  #watchForRejoin(stream: MessagesStream<Buffer, Buffer, Buffer, Buffer>): NodeJS.Timeout | undefined {
    const { mustRejoin, logger } = this.#options
    if (mustRejoin === undefined) return undefined
    return setInterval(() => {
      mustRejoin().then(
        must => must && stream.destroy(new Error('the session ends to begin anew')),
        error => logger.error({ err: error }, 'looking whether to join anew failed'),
      )
    }, lookEveryMs).unref()
  }
}

/** The committed offset is the next one to read, per partition. */
export function nextOffsets(batch: readonly Pick<Message, 'topic' | 'partition' | 'offset' | 'leaderEpoch'>[]) {
  const offsets = new Map<string, { topic: string; partition: number; offset: bigint; leaderEpoch: number }>()
  for (const { topic, partition, offset, leaderEpoch } of batch) {
    offsets.set(`${topic}/${partition}`, { topic, partition, offset: offset + 1n, leaderEpoch })
  }
  return [...offsets.values()]
}
