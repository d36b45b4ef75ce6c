/**
 * What clients tell of themselves (KIP-714): which of their metrics are wanted, and the last ones that each has pushed. Kept in memory
 * only, for as long as a client keeps pushing, and bounded: the clients that were silent for longest are forgotten first.
 *
 * A client asks for its subscription, then pushes at the interval that it was told; one that comes earlier is throttled, one whose
 * subscription has changed since is told so and asks again.
 */

import { codecs, compressionNames, crc32c, KafkaError, TooManyBytesError, zeroUuid } from '@ottla/protocol'
import type { Overrides } from '../metadata/config-resource.ts'
import {
  type ClientDescription,
  type ClientMetricsSubscription,
  clientMetricsSettings,
  parseSubscription,
} from '../settings/client-metrics-settings.ts'
import { decodeMetrics, type MetricPoint } from './otlp-metrics.ts'

export interface ClientMetricsOptions {
  /** What was set for each subscription there is. A change makes a new map. */
  readonly subscriptions: () => readonly Overrides[]
  /** `telemetry.max.bytes`: of a push, as it was sent and unpacked. */
  readonly maxBytes: number
  readonly nowMs: () => number
  readonly randomUuid: () => string
  /** Of all clients together. */
  readonly maxPoints?: number
  readonly maxClients?: number
}

export type Client = Omit<ClientDescription, 'client_instance_id'>

export interface Subscribed {
  readonly clientInstanceId: string
  readonly subscriptionId: number
  readonly metrics: readonly string[]
  readonly pushIntervalMs: number
}

export interface Push {
  readonly clientInstanceId: string
  readonly subscriptionId: number
  readonly terminating: boolean
  readonly compressionType: number
  readonly metrics: Buffer
}

export interface PushedMetrics {
  readonly client: ClientDescription
  readonly points: readonly MetricPoint[]
}

/** The ids that mean none, and the metadata log (`Uuid.RESERVED`). */
const reservedIds: ReadonlySet<string> = new Set([zeroUuid, 'AAAAAAAAAAAAAAAAAAAAAQ'])

const allMetrics = '*'
const minKeptMs = 60_000
const keptIntervals = 3
const maxPointsOfClient = 5_000

interface Instance {
  readonly description: ClientDescription
  subscribed: Subscribed
  lastHeardMs: number
  lastGetMs: number
  lastPushMs: number
  isTerminating: boolean
  /** The client was sent back for its subscription, so it may ask before its time. */
  mayAskAgain: boolean
  points: readonly MetricPoint[]
}

export class ClientMetrics {
  readonly #options: ClientMetricsOptions
  readonly #maxPoints: number
  readonly #maxClients: number
  /** The one that was heard of last comes last. */
  readonly #instances = new Map<string, Instance>()
  readonly #parsed = new WeakMap<Overrides, Promise<ClientMetricsSubscription>>()
  #pointCount = 0

  constructor(options: ClientMetricsOptions) {
    this.#options = options
    this.#maxPoints = options.maxPoints ?? 200_000
    this.#maxClients = options.maxClients ?? 4_096
  }

  /** What clients have pushed last. */
  *pushed(): Generator<PushedMetrics> {
    this.#forgetSilent()
    for (const { description, points } of this.#instances.values())
      if (points.length > 0) yield { client: description, points }
  }

  /** Rejects with KafkaError THROTTLING_QUOTA_EXCEEDED. A client without an id gets one. */
  async subscribe(clientInstanceId: string, client: Client): Promise<Subscribed> {
    const id = clientInstanceId === zeroUuid ? this.#options.randomUuid() : clientInstanceId
    const instance = await this.#instance(id, client)
    const nowMs = this.#options.nowMs()
    const isEarly = nowMs - Math.max(instance.lastGetMs, instance.lastPushMs) < instance.subscribed.pushIntervalMs
    if (isEarly && !instance.mayAskAgain) throw tooEarly(id)
    instance.lastGetMs = nowMs
    instance.mayAskAgain = false
    return instance.subscribed
  }

  /** Takes what a client pushes in the place of what it pushed before. Rejects with KafkaError. */
  async push(push: Push, client: Client): Promise<void> {
    const { clientInstanceId, terminating, metrics } = push
    if (reservedIds.has(clientInstanceId)) {
      throw new KafkaError('INVALID_REQUEST', `${clientInstanceId} is no id of a client instance`)
    }
    const instance = await this.#instance(clientInstanceId, client)
    try {
      this.#checkPush(push, instance)
    } catch (error) {
      instance.mayAskAgain =
        error instanceof KafkaError &&
        (error.errorName === 'UNKNOWN_SUBSCRIPTION_ID' || error.errorName === 'UNSUPPORTED_COMPRESSION_TYPE')
      throw error
    } finally {
      instance.isTerminating = terminating
    }
    instance.mayAskAgain = false
    if (metrics.length > 0) this.#keep(instance, this.#decode(push))
  }

  /** The client's connection is gone: on its next one it may ask at once. What it has pushed stays for a while. */
  disconnected(clientInstanceId: string): void {
    const instance = this.#instances.get(clientInstanceId)
    if (instance !== undefined) begin(instance)
  }

  #checkPush(
    { clientInstanceId, subscriptionId, terminating, compressionType, metrics }: Push,
    instance: Instance,
  ): void {
    const { subscribed } = instance
    if (instance.isTerminating) {
      throw new KafkaError('INVALID_REQUEST', `Client ${clientInstanceId} has said that it would push nothing more`)
    }
    const nowMs = this.#options.nowMs()
    // The first push after asking may come at any time: clients spread theirs at random.
    const isInTime =
      instance.lastGetMs > instance.lastPushMs || nowMs - instance.lastPushMs >= subscribed.pushIntervalMs
    if (!isInTime && !terminating) throw tooEarly(clientInstanceId)
    if (isInTime) instance.lastPushMs = nowMs
    if (subscriptionId !== subscribed.subscriptionId) {
      throw new KafkaError('UNKNOWN_SUBSCRIPTION_ID', `Client ${clientInstanceId} has another subscription by now`)
    }
    if (compressionNames[compressionType] === undefined) {
      throw new KafkaError('UNSUPPORTED_COMPRESSION_TYPE', `There is no compression type ${compressionType}`)
    }
    if (metrics.length > this.#options.maxBytes) throw tooLarge(this.#options.maxBytes)
  }

  #decode({ compressionType, metrics }: Push): MetricPoint[] {
    const compression = compressionNames[compressionType]!
    const { maxBytes } = this.#options
    try {
      const bytes = compression === 'none' ? metrics : codecs[compression].decompress(metrics, maxBytes)
      return decodeMetrics(bytes, { maxPoints: Math.min(maxPointsOfClient, this.#maxPoints) })
    } catch (error) {
      if (error instanceof TooManyBytesError) throw tooLarge(maxBytes)
      const reason = error instanceof Error ? error.message : String(error)
      throw new KafkaError('INVALID_RECORD', `These are no metrics: ${reason}`, { cause: error })
    }
  }

  #keep(instance: Instance, points: readonly MetricPoint[]): void {
    this.#pointCount += points.length - instance.points.length
    instance.points = points
    while (this.#pointCount > this.#maxPoints) this.#forgetOldest()
  }

  /** With the subscription that the client has now. */
  async #instance(id: string, client: Client): Promise<Instance> {
    const description = { ...client, client_instance_id: id }
    const subscribed = await this.#subscriptionOf(description)
    this.#forgetSilent()
    const known = this.#instances.get(id)
    const instance: Instance = known ?? {
      description,
      subscribed,
      lastHeardMs: 0,
      lastGetMs: Number.NEGATIVE_INFINITY,
      lastPushMs: Number.NEGATIVE_INFINITY,
      isTerminating: false,
      mayAskAgain: false,
      points: [],
    }
    instance.lastHeardMs = this.#options.nowMs()
    if (instance.subscribed.subscriptionId !== subscribed.subscriptionId) {
      instance.subscribed = subscribed
      begin(instance)
    }
    this.#instances.delete(id)
    this.#instances.set(id, instance)
    if (this.#instances.size > this.#maxClients) this.#forgetOldest()
    return instance
  }

  async #subscriptionOf(description: ClientDescription): Promise<Subscribed> {
    const all = await Promise.all(this.#options.subscriptions().map(overrides => this.#parse(overrides)))
    const matching = all.filter(subscription => subscription.matches(description))
    const wanted = new Set(matching.flatMap(({ metrics }) => metrics))
    const metrics = wanted.has(allMetrics) ? [allMetrics] : [...wanted].sort()
    const defaultIntervalMs = Number(clientMetricsSettings['interval.ms'].default)
    const pushIntervalMs = Math.min(defaultIntervalMs, ...matching.map(({ intervalMs }) => intervalMs))
    const { client_instance_id: clientInstanceId } = description
    const identity = Buffer.from(JSON.stringify([clientInstanceId, metrics, pushIntervalMs]))
    return { clientInstanceId, subscriptionId: crc32c(identity, 0, identity.length) | 0, metrics, pushIntervalMs }
  }

  #parse(overrides: Overrides): Promise<ClientMetricsSubscription> {
    const parsed = this.#parsed.get(overrides) ?? parseSubscription(overrides)
    this.#parsed.set(overrides, parsed)
    return parsed
  }

  #forgetSilent(): void {
    const nowMs = this.#options.nowMs()
    for (const [id, { lastHeardMs, subscribed }] of this.#instances) {
      const keptMs = Math.max(minKeptMs, keptIntervals * subscribed.pushIntervalMs)
      if (nowMs - lastHeardMs > keptMs) this.#forget(id)
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#instances.keys()
    if (oldest !== undefined) this.#forget(oldest)
  }

  #forget(id: string): void {
    this.#pointCount -= this.#instances.get(id)?.points.length ?? 0
    this.#instances.delete(id)
  }
}

/** As if it had never asked or pushed. */
function begin(instance: Instance): void {
  instance.lastGetMs = Number.NEGATIVE_INFINITY
  instance.lastPushMs = Number.NEGATIVE_INFINITY
  instance.isTerminating = false
  instance.mayAskAgain = false
}

function tooEarly(clientInstanceId: string): KafkaError {
  return new KafkaError(
    'THROTTLING_QUOTA_EXCEEDED',
    `Client ${clientInstanceId} comes before its push interval is over`,
  )
}

function tooLarge(maxBytes: number): KafkaError {
  return new KafkaError('TELEMETRY_TOO_LARGE', `No more than ${maxBytes} bytes of metrics are taken at a time`)
}
