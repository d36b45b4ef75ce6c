/**
 * What a scenario has in its hands: connections to one broker, and a transcript of all that was asked and answered, in the
 * order of the asking. Preparations (topics to work on) go over a connection of their own and are not part of it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AnyApi,
  createTopics,
  deleteTopics,
  listOffsets,
  metadata,
  Reader,
  type Request,
  type RequestInput,
  type Response,
  responseHeader,
} from '@ottla/protocol'
import { Connection, HungUpError } from './connection.ts'

/** What came back: a decoded response, a frame (to a frame made by hand), or the silence that belongs to the protocol. */
export type Answer = object | Buffer | 'hung up' | 'none'

export interface Exchange {
  /** Client id of the connection. */
  readonly client: string
  /** Null for frames made by hand. */
  readonly api: AnyApi | null
  readonly version: number
  readonly request: object | Buffer
  answer: Answer
  /** How to read the answer to a frame made by hand; it stays bytes otherwise. */
  readonly answeredAs?: AnsweredAs
}

interface AnsweredAs {
  readonly api: AnyApi
  readonly version: number
}

type Keep<A> = (answer: Response<A>) => Response<A>

/** The broker hung up where the scenario needed an answer: the transcript says so, and ends. */
export class EndedByBrokerError extends Error {
  override readonly name = 'EndedByBrokerError'
}

export interface TopicOptions {
  readonly partitions?: number
  readonly configs?: Readonly<Record<string, string>>
}

const PREPARATION_TIMEOUT_MS = 10_000
const PREPARATION_POLL_MS = 10
const none = 'AAAAAAAAAAAAAAAAAAAAAA'

/** One client. */
export class Speaker {
  readonly id: string | null
  readonly #connection: Connection
  readonly #transcript: Exchange[]

  constructor(id: string | null, connection: Connection, transcript: Exchange[]) {
    this.id = id
    this.#connection = connection
    this.#transcript = transcript
  }

  /**
   * Asks and resolves with the decoded answer; both go into the transcript at the place of the asking. `keep` leaves out of
   * the answer what belongs to others: other scenarios' topics in a list of all.
   */
  ask<A extends AnyApi>(
    api: A,
    version: number,
    body: RequestInput<A>,
    keep: Keep<A> = answer => answer,
  ): Promise<Response<A>> {
    const exchange = this.#note(api, version, body)
    this.#transcript.push(exchange)
    const answer = this.#settle(api, exchange, body, keep)
    // A scenario that ends early leaves answers that nobody awaits any more; who awaits one still hears of its failure.
    answer.catch(() => undefined)
    return answer
  }

  /** Asks again and again until the answer is as wanted; only the last exchange is noted, in the place of the first asking. */
  async askUntil<A extends AnyApi>(
    api: A,
    version: number,
    body: RequestInput<A>,
    isAsWanted: (answer: Response<A>) => boolean,
  ): Promise<Response<A>> {
    const exchange = this.#note(api, version, body)
    this.#transcript.push(exchange)
    const deadline = performance.now() + PREPARATION_TIMEOUT_MS
    for (;;) {
      const answer = await this.#settle(api, exchange, body)
      if (isAsWanted(answer) || performance.now() > deadline) return answer
      await sleep(PREPARATION_POLL_MS)
    }
  }

  /** Sends a request that has no answer: Produce with acks=0. */
  tell<A extends AnyApi>(api: A, version: number, body: RequestInput<A>): void {
    this.#transcript.push({ ...this.#note(api, version, body), answer: 'none' })
    this.#connection.tell(api, version, body)
  }

  /** Expects to be hung up on. An answer is noted all the same. */
  async askInVain<A extends AnyApi>(api: A, version: number, body: RequestInput<A>): Promise<void> {
    try {
      await this.ask(api, version, body)
    } catch (error) {
      if (!(error instanceof EndedByBrokerError)) throw error
    }
  }

  /** Sends a frame made by hand, size field included, and notes the frame that comes back or that the broker hung up. */
  async askRaw(frame: Buffer, answeredAs?: AnsweredAs): Promise<void> {
    const exchange: Exchange = {
      client: this.id ?? '',
      api: null,
      version: -1,
      request: frame,
      answer: 'hung up',
      ...(answeredAs === undefined ? {} : { answeredAs }),
    }
    this.#transcript.push(exchange)
    try {
      const answer = await this.#connection.askRaw(frame)
      exchange.answer = answeredAs === undefined ? answer : decodeFrame(answer, answeredAs)
    } catch (error) {
      if (!(error instanceof HungUpError)) throw error
    }
  }

  /** Expects the broker to end the connection because of what it was told before; that becomes the answer to it. */
  async untilHungUp(): Promise<void> {
    const last = this.#transcript.at(-1)
    if (last?.answer !== 'none') throw new Error('the broker was not told anything that has no answer')
    if (await this.#connection.hasEnded()) last.answer = 'hung up'
  }

  close(): void {
    this.#connection.close()
  }

  /** The request as a server decodes it: with its defaults, without what the version lacks. */
  #note<A extends AnyApi>(api: A, version: number, body: RequestInput<A>): Exchange {
    const request = api.request.decode(api.request.encode(body as Request<A>, version), version)
    return { client: this.id ?? '', api, version, request, answer: 'none' }
  }

  async #settle<A extends AnyApi>(
    api: A,
    exchange: Exchange,
    body: RequestInput<A>,
    keep: Keep<A> = answer => answer,
  ): Promise<Response<A>> {
    try {
      const bytes = await this.#connection.ask(api, exchange.version, body)
      const answer = keep(api.response.decode(bytes, exchange.version) as Response<A>)
      exchange.answer = answer as object
      return answer
    } catch (error) {
      if (!(error instanceof HungUpError)) throw error
      exchange.answer = 'hung up'
      throw new EndedByBrokerError(`${api.name} v${exchange.version} was not answered`)
    }
  }
}

export class Conversation {
  readonly transcript: Exchange[] = []
  readonly port: number
  readonly #prefix: string
  readonly #speakers: Speaker[] = []
  #helper: Connection | undefined
  #main: Speaker | undefined

  /** The prefix keeps what this scenario makes apart from all else on the broker. */
  constructor({ port, prefix }: { port: number; prefix: string }) {
    this.port = port
    this.#prefix = prefix
  }

  /** A name for a topic, a group or an id that is only this scenario's. */
  name(suffix: string): string {
    return `${this.#prefix}${suffix}`
  }

  isOwn(name: string | null): boolean {
    return name?.startsWith(this.#prefix) ?? false
  }

  /** Another connection. Clients that appear together need ids that differ: lists are put in order by what they hold. */
  async client(id: string | null): Promise<Speaker> {
    const speaker = new Speaker(id, await Connection.open(this.port, id), this.transcript)
    this.#speakers.push(speaker)
    return speaker
  }

  /** Asks over the first connection. */
  async ask<A extends AnyApi>(api: A, version: number, body: RequestInput<A>, keep?: Keep<A>): Promise<Response<A>> {
    return (await this.main()).ask(api, version, body, keep)
  }

  async askUntil<A extends AnyApi>(
    api: A,
    version: number,
    body: RequestInput<A>,
    isAsWanted: (answer: Response<A>) => boolean,
  ): Promise<Response<A>> {
    return (await this.main()).askUntil(api, version, body, isAsWanted)
  }

  async main(): Promise<Speaker> {
    this.#main ??= await this.client('main')
    return this.#main
  }

  /** Asks without a note in the transcript. */
  async prepare<A extends AnyApi>(api: A, version: number, body: RequestInput<A>): Promise<Response<A>> {
    this.#helper ??= await Connection.open(this.port, 'helper')
    return api.response.decode(await this.#helper.ask(api, version, body), version) as Response<A>
  }

  /** As `prepare`, until the answer is as wanted. */
  async prepareUntil<A extends AnyApi>(
    api: A,
    version: number,
    body: RequestInput<A>,
    isAsWanted: (answer: Response<A>) => boolean,
  ): Promise<Response<A>> {
    const deadline = performance.now() + PREPARATION_TIMEOUT_MS
    for (;;) {
      const answer = await this.prepare(api, version, body)
      if (isAsWanted(answer)) return answer
      if (performance.now() > deadline) throw new Error(`${api.name} never answers as needed: ${inspect(answer)}`)
      await sleep(PREPARATION_POLL_MS)
    }
  }

  /** Makes a topic and waits until every partition of it can be written to and read. */
  async topic(
    suffix: string,
    { partitions = 1, configs = {} }: TopicOptions = {},
  ): Promise<{ name: string; id: string }> {
    const name = this.name(suffix)
    const created = await this.prepare(createTopics, 7, {
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor: 1,
          assignments: [],
          configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
        },
      ],
      timeoutMs: PREPARATION_TIMEOUT_MS,
      validateOnly: false,
    })
    const [topic] = created.topics
    if (topic?.errorCode !== 0) throw new Error(`the topic could not be made: ${inspect(created)}`)
    await this.untilServed(name, partitions)
    return { name, id: topic.topicId }
  }

  /** Resolves when the topic has so many partitions, and each can be written to and read. */
  async untilServed(name: string, partitions: number): Promise<void> {
    await this.prepareUntil(
      metadata,
      12,
      { topics: [{ topicId: none, name }], allowAutoTopicCreation: false },
      ({ topics: [found] }) =>
        found?.errorCode === 0 &&
        found.partitions.length === partitions &&
        found.partitions.every(({ leaderId }) => leaderId >= 0),
    )
    const everyPartition = Array.from({ length: partitions }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp: -2,
    }))
    await this.prepareUntil(
      listOffsets,
      4,
      { replicaId: -1, topics: [{ name, partitions: everyPartition }] },
      ({ topics: [found] }) => found?.partitions.every(({ errorCode }) => errorCode === 0) ?? false,
    )
  }

  async deleteTopic(name: string): Promise<void> {
    await this.prepare(deleteTopics, 5, { topicNames: [name], timeoutMs: PREPARATION_TIMEOUT_MS })
    await this.untilGone(name)
  }

  /** Resolves when the topic is not known any more. */
  async untilGone(name: string): Promise<void> {
    await this.prepareUntil(
      metadata,
      12,
      { topics: [{ topicId: none, name }], allowAutoTopicCreation: false },
      ({ topics: [found] }) => found?.errorCode !== 0,
    )
    await this.prepareUntil(
      listOffsets,
      4,
      { replicaId: -1, topics: [{ name, partitions: [{ partitionIndex: 0, timestamp: -2 }] }] },
      ({ topics: [found] }) => found?.partitions[0]?.errorCode !== 0,
    )
  }

  end(): void {
    for (const speaker of this.#speakers) speaker.close()
    this.#helper?.close()
  }
}

function decodeFrame(frame: Buffer, { api, version }: AnsweredAs): object {
  const reader = new Reader(frame)
  responseHeader.read(reader, api.responseHeaderVersion(version))
  return api.response.read(reader, version)
}

function inspect(value: unknown): string {
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? Number(inner) : inner))
}
