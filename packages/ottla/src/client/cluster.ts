/**
 * A cluster as a command sees it: finds the broker that has to be asked, and asks again where Kafka's errors say that this helps (a
 * leader or a coordinator has moved, is loading, or is yet to be chosen).
 */

import {
  type AnyApi,
  errorName,
  findCoordinator,
  isRetriable,
  KafkaError,
  metadata,
  type RequestInput,
  type Response,
} from '@ottla/protocol'
import { type BrokerAddress, BrokerConnection } from './broker-connection.ts'
import { NotFoundError, TimedOutError, UnreachableError } from './errors.ts'

export interface ClusterOptions {
  readonly brokers: readonly BrokerAddress[]
  /** For one connection, and for everything that is tried again. */
  readonly timeoutMs: number
}

export interface ClusterTopic {
  readonly name: string
  readonly id: string
  readonly isInternal: boolean
  /** In the order of their numbers. */
  readonly partitions: readonly ClusterPartition[]
}

export interface ClusterPartition {
  readonly partition: number
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly inSyncReplicas: readonly number[]
}

/** A request whose answer has one error that counts. */
export interface Question<A extends AnyApi> {
  readonly body: RequestInput<A>
  readonly errorCodeOf: (response: Response<A>) => number
  readonly newestVersion?: number
}

export type ClusterMetadata = Response<typeof metadata>

const retryEveryMs = 100
const groupCoordinator = 0

export class Cluster {
  readonly #options: ClusterOptions
  readonly #connections = new Map<string, Promise<BrokerConnection>>()
  readonly #addresses = new Map<number, BrokerAddress>()
  readonly #leaders = new Map<string, number>()
  #bootstrap: BrokerConnection | null = null

  constructor(options: ClusterOptions) {
    this.#options = options
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs
  }

  /** Asks any broker. Rejects with an UnreachableError where none can be reached. */
  async any<A extends AnyApi>(api: A, body: RequestInput<A>): Promise<Response<A>> {
    return (await this.#anyBroker()).request(api, body)
  }

  async node<A extends AnyApi>(nodeId: number, api: A, body: RequestInput<A>): Promise<Response<A>> {
    return (await this.connectionTo(nodeId)).request(api, body)
  }

  async connectionTo(nodeId: number): Promise<BrokerConnection> {
    const address = this.#addresses.get(nodeId)
    return address === undefined ? this.#anyBroker() : this.#connect(address)
  }

  /** What there is; null: of all topics. Learns addresses and leaders on the way. */
  async metadata(topics: readonly string[] | null): Promise<ClusterMetadata> {
    const answer = await this.any(metadata, {
      topics: topics?.map(name => ({ name })) ?? null,
      allowAutoTopicCreation: false,
    })
    for (const { nodeId, host, port } of answer.brokers) this.#addresses.set(nodeId, { host, port })
    for (const { name, partitions } of answer.topics) {
      for (const { partitionIndex, leaderId } of partitions) this.#leaders.set(`${name}/${partitionIndex}`, leaderId)
    }
    return answer
  }

  /** Rejects with a NotFoundError, or with the KafkaError that the cluster has for the topic. */
  async topic(name: string): Promise<ClusterTopic> {
    return this.retrying(async () => {
      const [topic] = (await this.metadata([name])).topics
      if (topic === undefined || errorName(topic.errorCode) === 'UNKNOWN_TOPIC_OR_PARTITION') {
        throw new NotFoundError(`There is no topic ${name}`)
      }
      check(topic.errorCode)
      return toTopic(topic)
    })
  }

  async topics(): Promise<ClusterTopic[]> {
    const { topics } = await this.metadata(null)
    return topics.map(toTopic).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Asks the leader of a partition. Rejects with a NotFoundError, or the KafkaError that does not pass. */
  async leader<A extends AnyApi>(
    { topic, partition }: { topic: string; partition: number },
    api: A,
    { body, errorCodeOf }: Question<A>,
  ): Promise<Response<A>> {
    return this.retrying(async () => {
      const key = `${topic}/${partition}`
      if (!this.#leaders.has(key)) await this.topic(topic)
      const nodeId = this.#leaders.get(key)
      if (nodeId === undefined) throw new NotFoundError(`${topic} has no partition ${partition}`)
      try {
        const response = await this.node(nodeId, api, body)
        check(errorCodeOf(response))
        return response
      } catch (error) {
        this.#leaders.delete(key)
        throw error
      }
    })
  }

  /** Asks the coordinator of a group. Rejects with the KafkaError that does not pass. */
  async coordinator<A extends AnyApi>(groupId: string, api: A, question: Question<A>): Promise<Response<A>> {
    const { body, errorCodeOf, newestVersion } = question
    return this.retrying(async () => {
      const asked = { key: groupId, keyType: groupCoordinator, coordinatorKeys: [groupId] }
      const found = await this.any(findCoordinator, asked)
      const { errorCode, host, port } = found.coordinators[0] ?? found
      check(errorCode)
      const connection = await this.#connect({ host, port })
      const response = await connection.request(api, body, connection.versionOf(api, newestVersion))
      check(errorCodeOf(response))
      return response
    })
  }

  /** Again, while the error is one that passes, until the time is over. */
  async retrying<T>(work: () => Promise<T>): Promise<T> {
    const endMs = performance.now() + this.#options.timeoutMs
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof KafkaError) || !isRetriable(error.errorName)) throw error
        if (performance.now() >= endMs)
          throw new TimedOutError(`Still not after ${this.#options.timeoutMs} ms: ${describe(error)}`)
        await new Promise(resolve => setTimeout(resolve, retryEveryMs))
      }
    }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.then(open => open.close()).catch(() => undefined)
    this.#connections.clear()
  }

  async #anyBroker(): Promise<BrokerConnection> {
    if (this.#bootstrap?.isOpen) return this.#bootstrap
    const reasons: string[] = []
    let last: unknown
    for (const address of this.#options.brokers) {
      try {
        this.#bootstrap = await this.#connect(address)
        return this.#bootstrap
      } catch (error) {
        last = error
        reasons.push((error as Error).message)
      }
    }
    if (last instanceof TimedOutError) throw last
    throw new UnreachableError(reasons.join('; '))
  }

  async #connect(address: BrokerAddress): Promise<BrokerConnection> {
    const key = `${address.host}:${address.port}`
    const existing = await this.#connections.get(key)?.catch(() => null)
    if (existing?.isOpen) return existing
    const opening = BrokerConnection.open(address, { timeoutMs: this.#options.timeoutMs })
    this.#connections.set(key, opening)
    return opening
  }
}

/** @throws KafkaError unless it is none */
export function check(errorCode: number, message?: string | null): void {
  const name = errorName(errorCode)
  if (name !== 'NONE') throw new KafkaError(name, message ?? '')
}

/** Kafka's name, and what it says beyond it. */
export function describe({ errorName, message }: KafkaError): string {
  return message === '' || message === errorName ? errorName : `${message} (${errorName})`
}

function toTopic({ name, topicId, isInternal, partitions }: ClusterMetadata['topics'][number]): ClusterTopic {
  return {
    name: name ?? '',
    id: topicId,
    isInternal,
    partitions: partitions
      .map(({ partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes }) => ({
        partition: partitionIndex,
        leader: leaderId,
        leaderEpoch,
        replicas: replicaNodes,
        inSyncReplicas: isrNodes,
      }))
      .sort((a, b) => a.partition - b.partition),
  }
}
