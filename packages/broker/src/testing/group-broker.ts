/** A broker in a directory of its own, a topic, and a client that speaks for the members of consumer groups. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type AnyApi,
  type ErrorName,
  errorName,
  joinGroup,
  type RequestInput,
  type Response,
  syncGroup,
} from '@ottla/protocol'
import { Broker } from '../broker.ts'
import { silentLogger } from '../logger.ts'
import { Settings } from '../settings/settings.ts'
import { subscription } from './group-harness.ts'
import { RawClient } from './raw-client.ts'

export class GroupBroker {
  readonly #path: string
  readonly #settings: Readonly<Record<string, string>>
  #broker: Broker
  #client: RawClient
  /** Id of the topic `t`, which has two partitions. */
  topicId = ''

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<GroupBroker> {
    const path = await mkdtemp(join(tmpdir(), 'ottla-groups-'))
    const broker = await startBroker(path, settings)
    const client = await RawClient.connect({ port: broker.addresses[0]!.port })
    const groups = new GroupBroker({ path, settings, broker, client })
    await groups.createTopic('t', 2)
    return groups
  }

  private constructor(options: {
    path: string
    settings: Readonly<Record<string, string>>
    broker: Broker
    client: RawClient
  }) {
    this.#path = options.path
    this.#settings = options.settings
    this.#broker = options.broker
    this.#client = options.client
  }

  get broker(): Broker {
    return this.#broker
  }

  get port(): number {
    return this.#broker.addresses[0]!.port
  }

  request<A extends AnyApi>(api: A, version: number, body: RequestInput<A>): Promise<Response<A>> {
    return this.#client.request(api, version, body)
  }

  /** A connection of its own, for a request that waits. */
  connect(): Promise<RawClient> {
    return RawClient.connect({ port: this.port })
  }

  async createTopic(name: string, partitionCount: number): Promise<void> {
    const topic = await this.#broker.metadata.createTopic({ name, partitionCount })
    if (name === 't') this.topicId = topic.id
  }

  /** Stops the broker and starts another one on what it left. */
  async restart(): Promise<void> {
    await this.#client.close()
    await this.#broker.stop()
    this.#broker = await startBroker(this.#path, this.#settings)
    await Promise.all(this.#broker.groups.shards.map(shard => shard.load()))
    this.#client = await RawClient.connect({ port: this.port })
  }

  async stop(): Promise<void> {
    await this.#client.close()
    await this.#broker.stop()
    await rm(this.#path, { recursive: true })
  }

  /** Joins a group as a new member of an old kind, which needs no second request to get in, and takes all the work. */
  async stableMember(groupId: string): Promise<{ groupId: string; memberId: string; generationId: number }> {
    const joined = await this.request(joinGroup, 3, joinRequest({ groupId }))
    const { memberId, generationId } = joined
    const assignments = [{ memberId, assignment: Buffer.from('work') }]
    await this.request(syncGroup, 2, { groupId, generationId, memberId, assignments })
    return { groupId, memberId, generationId }
  }
}

export function joinRequest(request: Partial<RequestInput<typeof joinGroup>> = {}): RequestInput<typeof joinGroup> {
  return {
    groupId: 'g',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 60_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription('t') }],
    ...request,
  }
}

/** All versions that an API serves. */
export function versionsOf({ versions }: AnyApi, from: number = versions.lowest): number[] {
  return Array.from({ length: versions.highestStable - from + 1 }, (_, index) => from + index)
}

/** The name of an answer's error, which says more in a failed assertion than its code. */
export function errorOf({ errorCode }: { errorCode: number }): ErrorName {
  return errorName(errorCode)
}

function startBroker(path: string, settings: Readonly<Record<string, string>>): Promise<Broker> {
  const properties = { listeners: 'PLAINTEXT://127.0.0.1:0', 'log.dirs': path, ...settings }
  return Broker.start({
    settings: new Settings(new Map(Object.entries(properties))),
    logger: silentLogger,
    durability: 'os',
  })
}
