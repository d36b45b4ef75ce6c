/** A broker with a topic `t` of two partitions, and a client that speaks for the members of consumer groups. */

import {
  type AnyApi,
  type ErrorName,
  errorName,
  joinGroup,
  type RequestInput,
  type Response,
  syncGroup,
} from '@ottla/protocol'
import type { Broker } from '../broker.ts'
import { subscription } from './group-harness.ts'
import { RawClient } from './raw-client.ts'
import { TestBroker } from './test-broker.ts'

export class GroupBroker {
  readonly #test: TestBroker
  /** Of the topic `t`. */
  topicId = ''

  static async start(settings?: Readonly<Record<string, string>>): Promise<GroupBroker> {
    const test = await TestBroker.start(settings)
    const groups = new GroupBroker(test)
    await groups.createTopic()
    return groups
  }

  private constructor(test: TestBroker) {
    this.#test = test
  }

  get broker(): Broker {
    return this.#test.broker
  }

  get port(): number {
    return this.#test.port
  }

  request<A extends AnyApi>(api: A, version: number, body: RequestInput<A>): Promise<Response<A>> {
    return this.#test.request(api, version, body)
  }

  /** A connection of its own, for a request that waits; a restart leaves it to the broker to close it. */
  connect(): Promise<RawClient> {
    return RawClient.connect({ port: this.port })
  }

  /** The topic `t`, again after it was deleted. */
  async createTopic(): Promise<void> {
    const topic = await this.#test.createTopic('t', { partitions: 2 })
    this.topicId = topic.id
  }

  /** Stops the broker and starts another one on what it left, with its groups loaded. */
  async restart(): Promise<void> {
    await this.#test.restart()
    await this.broker.groups.start()
  }

  async stop(): Promise<void> {
    await this.#test[Symbol.asyncDispose]()
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

/** The name of an answer's error, which says more in a failed assertion than its code. */
export function errorOf({ errorCode }: { errorCode: number }): ErrorName {
  return errorName(errorCode)
}
