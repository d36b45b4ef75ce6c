/** PushTelemetry (KIP-714): a client's metrics take the place of what it pushed before. */

import { pushTelemetry } from '@ottla/protocol'
import { clientOf } from './get-telemetry-subscriptions.ts'
import { handler } from './handler.ts'

export const pushTelemetryHandler = handler(pushTelemetry, async ({ request, broker, connection }) => {
  await broker.clientMetrics.push(request, clientOf(connection))
  return { errorCode: 0 }
})
