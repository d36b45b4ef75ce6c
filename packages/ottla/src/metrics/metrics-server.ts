/** `/metrics`, `/healthz` and `/readyz` of a running broker. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Broker, Logger } from '@ottla/broker'
import { type Answer, type HttpServer, startHttpServer } from '../http/http-server.ts'
import { exposition } from './exposition.ts'
import { whyNotReady } from './readiness.ts'

/** Loopback; `port` 0 asks the system. Rejects with the system's error (EADDRINUSE …). */
export async function startMetricsServer({
  broker,
  port,
  logger,
}: {
  broker: Broker
  port: number
  logger: Logger
}): Promise<HttpServer> {
  const eventLoopDelay = monitorEventLoopDelay({ resolution: 10 })
  const metrics = exposition({ broker, eventLoopDelay })
  const routes = new Map<string, () => Answer | Promise<Answer>>([
    ['/metrics', async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() })],
    ['/healthz', () => ({ status: 200, body: 'ok\n' })],
    ['/readyz', () => readyz(whyNotReady(broker))],
  ])
  const server = await startHttpServer({ port, routes, logger })
  eventLoopDelay.enable()
  return {
    port: server.port,
    async close() {
      eventLoopDelay.disable()
      await server.close()
    },
  }
}

function readyz(reasons: readonly string[]): Answer {
  if (reasons.length === 0) return { status: 200, body: 'ready\n' }
  return { status: 503, body: reasons.map(reason => `not ready: ${reason}\n`).join('') }
}
