/** What a request handler gets to work with: the parts of a running broker, by interface or class, never the broker itself. */

import type { LogDirectory } from '@ottla/log'
import type { FetchSessions } from './fetch/fetch-sessions.ts'
import type { GroupCoordinator } from './groups/coordinator.ts'
import type { Logger } from './logger.ts'
import type { Metadata } from './metadata/metadata.ts'
import type { ProducerIds } from './metadata/producer-ids.ts'
import type { ListenerAddress } from './network/listener-address.ts'
import type { UnsentAnswers } from './network/unsent-answers.ts'
import type { Settings } from './settings/settings.ts'
import type { ClientMetrics } from './telemetry/client-metrics.ts'
import type { Clock } from './time/clock.ts'
import type { Timers } from './time/timers.ts'
import type { TransactionCoordinator } from './transactions/transaction-coordinator.ts'

export interface BrokerServices {
  readonly clusterId: string
  /** `node.id`: this broker's id, and the leader and only replica of every partition. */
  readonly nodeId: number
  readonly settings: Settings
  readonly logger: Logger
  /** Wall time, for records and retention. */
  readonly clock: Clock
  /** Timeouts and monotonic time: one wheel for the whole broker. */
  readonly timers: Timers
  /** Topics, partitions and configurations; every change is durable before it is answered. */
  readonly metadata: Metadata
  readonly logs: LogDirectory
  readonly groups: GroupCoordinator
  readonly transactions: TransactionCoordinator
  readonly producerIds: ProducerIds
  readonly fetchSessions: FetchSessions
  /** What clients tell of themselves (KIP-714). */
  readonly clientMetrics: ClientMetrics
  /** Bounds the memory that clients cost which do not read what they asked for. */
  readonly unsentAnswers: UnsentAnswers
  /** `advertised.listeners`, by listener name; empty if not set. */
  readonly advertisedListeners: ReadonlyMap<string, ListenerAddress>
  /** What this broker serves: ApiVersions answers from it. */
  readonly apis: readonly ServedApi[]
}

/** One line of the API table, as its reader sees it. */
export interface ServedApi {
  readonly key: number
  readonly name: string
  readonly lowestVersion: number
  readonly highestVersion: number
}

/** The connection that a request came by. */
export interface ConnectionInfo {
  readonly id: string
  /** Client id of the request that is being handled; null when the client sent none. */
  readonly clientId: string | null
  /** The remote address, without port. */
  readonly clientHost: string
  readonly clientPort: number
  readonly listenerName: string
  /** The address of ours that the client reached: what is advertised for a loopback or wildcard listener. */
  readonly localAddress: string
  readonly localPort: number
  /** Who the client is, in Kafka's form `User:name`; `User:ANONYMOUS` until it authenticates. */
  readonly principal: string
  /** What the client said of itself in ApiVersions (KIP-511), or null. */
  clientSoftware: { name: string; version: string } | null
  /** False once the connection is gone: what waits for this client may stop waiting. */
  readonly isOpen: boolean
  /**
   * Calls back, once, when the connection is closed or is about to be, or when the broker has to finish what is under way: what waits
   * for something better answers now. Returns a function that unsubscribes.
   */
  onEnding(listener: () => void): () => void
  /** Cuts the connection at once, whatever is under way. */
  destroy(): void
  /** Ends the connection once the answers before this request are sent, with one log line that gives the reason. */
  close(reason: string): void
}
