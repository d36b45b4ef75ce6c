import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  alterConfigs,
  errorName,
  getTelemetrySubscriptions,
  pushTelemetry,
  type Request,
  zeroUuid,
} from '@ottla/protocol'
import { encodeMetrics } from '../testing/otlp.ts'
import { TestBroker, versionsOf } from '../testing/test-broker.ts'

async function subscribe(broker: TestBroker, entries: Readonly<Record<string, string>>): Promise<void> {
  const configs = Object.entries(entries).map(([name, value]) => ({ name, value }))
  const { responses } = await broker.request(alterConfigs, 2, {
    resources: [{ resourceType: 16, resourceName: 's', configs }],
    validateOnly: false,
  })
  assert.equal(responses[0]!.errorCode, 0)
}

test('a client gets an id and its subscription, and pushes, in every version', async () => {
  await using broker = await TestBroker.start()
  await subscribe(broker, { metrics: 'org.apache.', 'interval.ms': '200' })
  for (const version of versionsOf(getTelemetrySubscriptions)) {
    const answer = await broker.request(getTelemetrySubscriptions, version, { clientInstanceId: zeroUuid })
    assert.notEqual(answer.clientInstanceId, zeroUuid)
    assert.deepEqual(answer.requestedMetrics, ['org.apache.'])
    assert.deepEqual([answer.pushIntervalMs, answer.telemetryMaxBytes], [200, 1_048_576])
    assert.deepEqual(answer.acceptedCompressionTypes, [4, 3, 1, 2])
    const push: Request<typeof pushTelemetry> = {
      clientInstanceId: answer.clientInstanceId,
      subscriptionId: answer.subscriptionId,
      terminating: true,
      compressionType: 0,
      metrics: encodeMetrics([{ name: 'org.apache.kafka.consumer.x', value: 5 }]),
    }
    const wrong = await broker.request(pushTelemetry, version, { ...push, subscriptionId: 1, terminating: false })
    assert.equal(errorName(wrong.errorCode), 'UNKNOWN_SUBSCRIPTION_ID')
    assert.equal((await broker.request(pushTelemetry, version, push)).errorCode, 0)
  }
  assert.deepEqual(
    [...broker.broker.clientMetrics.pushed()].flatMap(({ points }) => points.map(({ name, value }) => [name, value])),
    [['org.apache.kafka.consumer.x', 5]],
  )
})

test('a client that connects anew may ask at once', async () => {
  await using broker = await TestBroker.start()
  const first = await broker.connect()
  const { clientInstanceId } = await first.request(getTelemetrySubscriptions, 0, { clientInstanceId: zeroUuid })
  const again = await first.request(getTelemetrySubscriptions, 0, { clientInstanceId })
  assert.equal(errorName(again.errorCode), 'THROTTLING_QUOTA_EXCEEDED')
  await first.close()
  while (broker.broker.connectionCount > 0) await new Promise(setImmediate)
  const second = await broker.connect()
  const anew = await second.request(getTelemetrySubscriptions, 0, { clientInstanceId })
  assert.equal(errorName(anew.errorCode), 'NONE')
})
