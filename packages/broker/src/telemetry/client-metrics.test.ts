import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { KafkaError, zeroUuid } from '@ottla/protocol'
import { encodeMetrics } from '../testing/otlp.ts'
import { type Client, ClientMetrics, type ClientMetricsOptions, type Push } from './client-metrics.ts'

const client: Client = {
  client_id: 'orders-1',
  client_software_name: 'apache-kafka-java',
  client_software_version: '4.4.0',
  client_source_address: '127.0.0.1',
  client_source_port: '5000',
}
const id = 'AAAAAAAAAAAAAAAAAAAAAg'
const zstd = 4

function clientMetrics(options: Partial<ClientMetricsOptions> = {}) {
  const world = { nowMs: 1_000, subscriptions: [new Map<string, string>()], ids: 0 }
  world.subscriptions = [new Map([['interval.ms', '1000']])]
  const metrics = new ClientMetrics({
    subscriptions: () => world.subscriptions,
    maxBytes: 100_000,
    nowMs: () => world.nowMs,
    randomUuid: () => `id-${++world.ids}`,
    ...options,
  })
  return { metrics, world }
}

const push = (subscriptionId: number, more: Partial<Push> = {}): Push => ({
  clientInstanceId: id,
  subscriptionId,
  terminating: false,
  compressionType: zstd,
  metrics: zstdCompressSync(encodeMetrics([{ name: 'm', value: 1 }])),
  ...more,
})

const refusal =
  (errorName: string) =>
  (error: unknown): boolean =>
    error instanceof KafkaError && error.errorName === errorName

test('a client is told all metrics of the subscriptions that match it, and the shortest interval', async () => {
  const { metrics, world } = clientMetrics()
  world.subscriptions = [
    new Map([
      ['metrics', 'a.,b.'],
      ['interval.ms', '5000'],
      ['match', 'client_id=orders.*,client_software_version=4\\..*'],
    ]),
    new Map([
      ['metrics', 'b.,c.'],
      ['interval.ms', '4000'],
    ]),
    new Map([
      ['metrics', 'd.'],
      ['interval.ms', '100'],
      ['match', 'client_id=orders'],
    ]),
  ]
  const { metrics: wanted, pushIntervalMs, clientInstanceId } = await metrics.subscribe(zeroUuid, client)
  assert.deepEqual([wanted, pushIntervalMs, clientInstanceId], [['a.', 'b.', 'c.'], 4_000, 'id-1'])
  world.subscriptions = [...world.subscriptions, new Map([['metrics', '*']])]
  assert.deepEqual((await metrics.subscribe('id-1', client)).metrics, ['*'])
})

test('nothing is wanted of a client that no subscription matches', async () => {
  const { metrics, world } = clientMetrics()
  world.subscriptions = []
  const subscribed = await metrics.subscribe(id, client)
  assert.deepEqual([subscribed.metrics, subscribed.pushIntervalMs], [[], 300_000])
})

test('the last push of each client is kept', async () => {
  const { metrics, world } = clientMetrics()
  const { subscriptionId } = await metrics.subscribe(id, client)
  await metrics.push(push(subscriptionId), client)
  world.nowMs += 1_000
  const second = zstdCompressSync(encodeMetrics([{ name: 'm', value: 2 }]))
  await metrics.push(push(subscriptionId, { metrics: second }), client)
  assert.deepEqual(
    [...metrics.pushed()].map(({ client, points }) => [client.client_id, ...points.map(({ value }) => value)]),
    [['orders-1', 2]],
  )
})

test('who comes before the interval is over is throttled, unless it says good-bye', async () => {
  const { metrics, world } = clientMetrics()
  const { subscriptionId } = await metrics.subscribe(id, client)
  await assert.rejects(metrics.subscribe(id, client), refusal('THROTTLING_QUOTA_EXCEEDED'))
  world.nowMs += 10
  await metrics.push(push(subscriptionId), client)
  await assert.rejects(metrics.push(push(subscriptionId), client), refusal('THROTTLING_QUOTA_EXCEEDED'))
  await metrics.push(push(subscriptionId, { terminating: true }), client)
  world.nowMs += 5_000
  await assert.rejects(metrics.push(push(subscriptionId), client), refusal('INVALID_REQUEST'))
  metrics.disconnected(id)
  await metrics.subscribe(id, client)
})

test('a client whose subscription has changed is sent back for it, and may ask at once', async () => {
  const { metrics, world } = clientMetrics()
  const { subscriptionId } = await metrics.subscribe(id, client)
  world.subscriptions = [new Map([['metrics', 'other.']])]
  await assert.rejects(metrics.push(push(subscriptionId), client), refusal('UNKNOWN_SUBSCRIPTION_ID'))
  world.nowMs += 1
  const changed = await metrics.subscribe(id, client)
  assert.notEqual(changed.subscriptionId, subscriptionId)
  await metrics.push(push(changed.subscriptionId), client)
})

test('refuses what can not be read or is too large', async () => {
  const { metrics, world } = clientMetrics({ maxBytes: 1_000 })
  const { subscriptionId } = await metrics.subscribe(id, client)
  const wrong: [Partial<Push>, string][] = [
    [{ clientInstanceId: zeroUuid }, 'INVALID_REQUEST'],
    [{ compressionType: 9 }, 'UNSUPPORTED_COMPRESSION_TYPE'],
    [{ compressionType: 0, metrics: Buffer.alloc(1_001) }, 'TELEMETRY_TOO_LARGE'],
    [{ metrics: zstdCompressSync(Buffer.alloc(1_001)) }, 'TELEMETRY_TOO_LARGE'],
    [{ metrics: Buffer.from('nonsense') }, 'INVALID_RECORD'],
    [{ compressionType: 0, metrics: Buffer.from([0xff]) }, 'INVALID_RECORD'],
  ]
  for (const [more, error] of wrong) {
    world.nowMs += 1_000
    await assert.rejects(metrics.push(push(subscriptionId, more), client), refusal(error), JSON.stringify(more))
  }
  assert.deepEqual([...metrics.pushed()], [])
})

test('what is kept is bounded: silent clients are forgotten, then those that were silent for longest', async () => {
  const { metrics, world } = clientMetrics({ maxClients: 3, maxPoints: 5 })
  const pushAs = async (clientInstanceId: string, points: number) => {
    const { subscriptionId } = await metrics.subscribe(clientInstanceId, client)
    const encoded = encodeMetrics(Array.from({ length: points }, (_, value) => ({ name: 'm', value })))
    await metrics.push(push(subscriptionId, { clientInstanceId, metrics: zstdCompressSync(encoded) }), client)
  }
  const kept = () => [...metrics.pushed()].map(({ client, points }) => `${client.client_instance_id}:${points.length}`)
  for (const name of ['a', 'b', 'c', 'd']) await pushAs(name, 1)
  assert.deepEqual(kept(), ['b:1', 'c:1', 'd:1'])
  await pushAs('e', 4)
  assert.deepEqual(kept(), ['d:1', 'e:4'])
  await pushAs('f', 50)
  assert.deepEqual(kept(), ['f:5'])
  world.nowMs += 60_001
  assert.deepEqual(kept(), [])
})
