/** Clients that push their own metrics (KIP-714). What each is asked for depends on all subscriptions, so these are played alone. */
import { zstdCompressSync } from 'node:zlib'
import { alterConfigs, getTelemetrySubscriptions, pushTelemetry, type RequestInput, zeroUuid } from '@ottla/protocol'
import type { Conversation } from '../conversation.ts'
import { alone, everyVersion, type Scenario } from '../scenario.ts'

const zstd = 4

/** MetricsData with one gauge `m` of one point, 7, made by hand. */
const oneMetric = Buffer.from('0a14121212100a016d2a0b0a09310700000000000000', 'hex')

async function subscribe(t: Conversation, suffix: string, entries: Readonly<Record<string, string>>): Promise<void> {
  const configs = Object.entries(entries).map(([name, value]) => ({ name, value }))
  await t.prepare(alterConfigs, 2, {
    resources: [{ resourceType: 16, resourceName: t.name(suffix), configs }],
    validateOnly: false,
  })
}

export const telemetryScenarios: readonly Scenario[] = alone([
  ...everyVersion(getTelemetrySubscriptions, 'what a client shall push', async (t, version) => {
    const nothing = await t.client('nobody-asks-me')
    await nothing.ask(getTelemetrySubscriptions, version, { clientInstanceId: zeroUuid })
    await subscribe(t, 's1', { metrics: 'b.,a.', 'interval.ms': '3000000', match: 'client_id=t-.*' })
    await subscribe(t, 's2', {
      metrics: 'c.',
      'interval.ms': '200000',
      match: 'client_id=t-1,client_source_address=127.*',
    })
    const asked = async (id: string) => {
      const client = await t.client(id)
      // Apache Kafka's broker hears of subscriptions a moment after they were answered.
      return await client.askUntil(
        getTelemetrySubscriptions,
        version,
        { clientInstanceId: zeroUuid },
        ({ requestedMetrics }) => requestedMetrics.length > 0,
      )
    }
    await asked('t-1')
    await asked('t-2')
    await subscribe(t, 's3', { metrics: '*', match: 'client_id=t-3' })
    await asked('t-3')
    for (const suffix of ['s1', 's2', 's3']) await subscribe(t, suffix, {})
  }),
  ...everyVersion(pushTelemetry, 'each push, and what can not be pushed', async (t, version) => {
    await subscribe(t, 's', { metrics: '*', 'interval.ms': '3600000', match: `client_id=pusher.*` })
    let count = 0
    /** A client of its own for each, since one may push once in an hour. */
    const pushed = async (change: Partial<RequestInput<typeof pushTelemetry>>, times = 1) => {
      const client = await t.client(`pusher-${++count}`)
      const { clientInstanceId, subscriptionId } = await client.askUntil(
        getTelemetrySubscriptions,
        0,
        { clientInstanceId: zeroUuid },
        ({ requestedMetrics }) => requestedMetrics.length > 0,
      )
      const push = {
        clientInstanceId,
        subscriptionId,
        terminating: false,
        compressionType: zstd,
        metrics: zstdCompressSync(oneMetric),
      }
      for (let time = 0; time < times; time++) await client.ask(pushTelemetry, version, { ...push, ...change })
      return { client, clientInstanceId }
    }
    await pushed({}, 2)
    const { client, clientInstanceId } = await pushed({ terminating: true }, 2)
    await client.ask(getTelemetrySubscriptions, 0, { clientInstanceId })
    await pushed({ metrics: Buffer.alloc(0) })
    await pushed({ compressionType: 0, metrics: oneMetric })
    await pushed({ compressionType: 9 })
    await pushed({ compressionType: -1 })
    await pushed({ subscriptionId: 12345 })
    await pushed({ clientInstanceId: zeroUuid })
    await pushed({ clientInstanceId: 'AAAAAAAAAAAAAAAAAAAAAQ' })
    await pushed({ compressionType: 0, metrics: Buffer.alloc(1_048_577) })
    await subscribe(t, 's', {})
  }),
])
