/**
 * GetTelemetrySubscriptions (KIP-714): which metrics a client shall push, and how often. Kafka serves this where a plug-in receives
 * them; here they are always received. Metrics are asked for as totals, so that a push that is lost loses nothing.
 */

import { compressionNames, getTelemetrySubscriptions, zeroUuid } from '@ottla/protocol'
import type { ConnectionInfo } from '../services.ts'
import type { Client, ClientMetrics } from '../telemetry/client-metrics.ts'
import { handler } from './handler.ts'

/** The best first: clients take the first that they know. */
const acceptedCompressionTypes = (['zstd', 'lz4', 'gzip', 'snappy'] as const).map(name =>
  compressionNames.indexOf(name),
)

export const getTelemetrySubscriptionsHandler = handler(
  getTelemetrySubscriptions,
  async ({ request, broker, connection }) => {
    const { clientMetrics, settings } = broker
    const subscribed = await clientMetrics.subscribe(request.clientInstanceId, clientOf(connection))
    watch(connection, subscribed.clientInstanceId, clientMetrics)
    return {
      errorCode: 0,
      clientInstanceId: subscribed.clientInstanceId,
      subscriptionId: subscribed.subscriptionId,
      acceptedCompressionTypes,
      pushIntervalMs: subscribed.pushIntervalMs,
      telemetryMaxBytes: settings.get('telemetry.max.bytes'),
      deltaTemporality: false,
      requestedMetrics: [...subscribed.metrics],
    }
  },
  {
    refuse: ({ errorCode }) => ({
      errorCode,
      clientInstanceId: zeroUuid,
      subscriptionId: 0,
      acceptedCompressionTypes: [],
      pushIntervalMs: 0,
      telemetryMaxBytes: 0,
      deltaTemporality: false,
      requestedMetrics: [],
    }),
  },
)

/** Whose metrics come by this connection. */
export function clientOf({ clientId, clientHost, clientPort, clientSoftware }: ConnectionInfo): Client {
  return {
    client_id: clientId ?? '',
    client_software_name: clientSoftware?.name ?? 'unknown',
    client_software_version: clientSoftware?.version ?? 'unknown',
    client_source_address: clientHost,
    client_source_port: String(clientPort),
  }
}

/** The client instance that a connection asked for last: so each connection is watched once, however often its client asks. */
const instances = new WeakMap<ConnectionInfo, string>()

function watch(connection: ConnectionInfo, clientInstanceId: string, clientMetrics: ClientMetrics): void {
  const isWatched = instances.has(connection)
  instances.set(connection, clientInstanceId)
  if (!isWatched) connection.onEnding(() => clientMetrics.disconnected(instances.get(connection)!))
}
