import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { Broker, Settings, silentLogger } from '@ottla/broker'
import { Kafka, logLevel } from 'kafkajs'
import { metricTable } from './metric-table.ts'
import { metricsPage } from './metrics-page.ts'
import { startMetricsServer } from './metrics-server.ts'
import { whyNotReady } from './readiness.ts'

const docs = new URL('../../../../docs/', import.meta.url)
const read = (file: string): string => readFileSync(new URL(file, docs), 'utf8')

suite('the HTTP server of a broker', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ottla-metrics-'))
  let broker: Broker
  let server: Awaited<ReturnType<typeof startMetricsServer>>

  before(async () => {
    const properties = new Map([
      ['listeners', 'PLAINTEXT://127.0.0.1:0'],
      ['log.dirs', directory],
    ])
    broker = await Broker.start({ settings: new Settings(properties), logger: silentLogger, durability: 'fsync' })
    server = await startMetricsServer({ broker, port: 0, logger: silentLogger })
  })
  after(async () => {
    await server.close()
    await broker.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  async function get(path: string, { host = 'localhost', method = 'GET' } = {}) {
    const sent = request({ host: '127.0.0.1', port: server.port, path, method, headers: { host } }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: response.statusCode, type: response.headers['content-type'], body: await text(response) }
  }

  /** By name and labels, as they are written. */
  async function samples(): Promise<Map<string, number>> {
    const lines = (await get('/metrics')).body.split('\n').filter(line => line !== '' && !line.startsWith('#'))
    return new Map(
      lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    )
  }

  test('counts what a producer, a consumer and a group do', async () => {
    const kafka = new Kafka({ brokers: [`127.0.0.1:${broker.addresses[0]!.port}`], logLevel: logLevel.NOTHING })
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: 'orders', messages: [{ value: 'a' }, { value: 'b' }, { value: 'c' }] })
    const consumer = kafka.consumer({ groupId: 'payment' })
    await consumer.connect()
    await consumer.subscribe({ topic: 'orders', fromBeginning: true })
    const { promise: hasRead, resolve } = Promise.withResolvers<void>()
    await consumer.run({ autoCommit: false, eachBatch: async () => resolve() })
    await hasRead
    await consumer.commitOffsets([{ topic: 'orders', partition: 0, offset: '1' }])
    const seen = await samples()
    await consumer.disconnect()
    await producer.disconnect()
    const value = (name: string): number => seen.get(name) ?? Number.NaN

    assert.equal(value('kafka_network_requestmetrics_requests_total{request="Produce"}'), 1)
    assert.equal(value('kafka_network_requestmetrics_totaltime_seconds_count{request="Produce"}'), 1)
    assert.equal(value('kafka_network_requestmetrics_totaltime_seconds_bucket{request="Produce",le="+Inf"}'), 1)
    assert.ok(value('kafka_network_requestmetrics_totaltime_seconds_sum{request="Produce"}') > 0)
    assert.equal(value('kafka_server_brokertopicmetrics_messagesin_total{topic="orders"}'), 3)
    const bytesIn = value('kafka_server_brokertopicmetrics_bytesin_total{topic="orders"}')
    assert.equal(bytesIn, broker.logs.get('orders', 0)!.sizeInBytes)
    assert.equal(value('kafka_server_brokertopicmetrics_bytesout_total{topic="orders"}'), bytesIn)
    assert.equal(value('kafka_log_log_size{topic="orders",partition="0"}'), bytesIn)
    assert.equal(value('kafka_log_log_logendoffset{topic="orders",partition="0"}'), 3)
    assert.equal(value('kafka_consumergroup_lag{consumergroup="payment",topic="orders",partition="0"}'), 2)
    assert.equal(value('kafka_coordinator_group_groups{protocol="classic",state="Stable"}'), 1)
    assert.equal(value('kafka_controller_kafkacontroller_offlinepartitionscount'), 0)
    assert.ok(value('kafka_server_socket_server_metrics_connection_count') >= 2)
    assert.ok(value('kafka_log_logflushstats_logflush_total') > 0)
    assert.ok(value('kafka_log_logflushstats_logflush_seconds_total') > 0)
    assert.ok(value('ottla_log_flushed_batches_total') >= value('kafka_log_logflushstats_logflush_total'))
    assert.ok(value('process_resident_memory_bytes') > 1e6)
  })

  test('counts a request that is refused as a whole, by its error', async () => {
    const socket = connect(broker.addresses[0]!.port, '127.0.0.1')
    socket.write(Buffer.from([0, 0, 0, 10, 0, 18, 0x7f, 0xff, 0, 0, 0, 1, 0xff, 0xff])) // ApiVersions v32767
    await once(socket, 'data')
    socket.destroy()
    const name = 'kafka_network_requestmetrics_errors_total{request="ApiVersions",error="UNSUPPORTED_VERSION"}'
    assert.equal((await samples()).get(name), 1)
  })

  test('has a type and a help for every metric of the table', async () => {
    const { status, type, body } = await get('/metrics')
    assert.equal(status, 200)
    assert.match(type!, /^text\/plain; version=0\.0\.4/)
    for (const { name, type } of metricTable) {
      assert.ok(body.includes(`# TYPE ${name} ${type}\n`), name)
      assert.ok(body.includes(`# HELP ${name} `), name)
    }
  })

  test('says that it lives and is ready', async () => {
    assert.deepEqual(await get('/healthz'), { status: 200, type: 'text/plain; charset=utf-8', body: 'ok\n' })
    assert.equal((await get('/readyz')).status, 200)
  })

  test('answers under the names of loopback only', async () => {
    for (const host of ['localhost', 'LOCALHOST:9644', '127.0.0.1:1', '[::1]:9644']) {
      assert.equal((await get('/healthz', { host })).status, 200, host)
    }
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', '[::2]']) {
      assert.equal((await get('/metrics', { host })).status, 403, host)
    }
  })

  test('refuses other paths and methods', async () => {
    assert.equal((await get('/')).status, 404)
    assert.equal((await get('/metrics', { method: 'POST' })).status, 405)
    assert.deepEqual(
      [(await get('/healthz?x=1', { method: 'HEAD' })).body, (await get('/healthz?x=1')).body],
      ['', 'ok\n'],
    )
  })
})

test('a broker with an offline partition, or one that loads its groups, is not ready and says why', () => {
  const log = { topic: 'orders', partition: 2, isOffline: true, offlineReason: new Error('byte 17 is damaged') }
  const logs = { logs: () => [log, { isOffline: false }] }
  const broker = { logs, groups: { shards: [{ isLoading: true }] }, transactions: { shards: [{ isLoading: false }] } }
  assert.deepEqual(whyNotReady(broker as unknown as Broker), [
    'partition orders-2 is offline: byte 17 is damaged',
    'consumer groups are being loaded',
  ])
})

test('docs/metrics.md is what the table says', () => {
  assert.equal(read('metrics.md'), metricsPage())
})

test('the dashboard uses only metrics that exist', () => {
  const { panels } = JSON.parse(read('grafana-dashboard.json')) as { panels: { targets: { expr: string }[] }[] }
  const known = new Set(
    metricTable.flatMap(({ name, type }) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map(suffix => name + suffix) : [name],
    ),
  )
  const used = panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => expr.match(/\b(?:kafka|ottla|nodejs|process)_\w+/g) ?? assert.fail(expr)),
  )
  assert.deepEqual(
    used.filter(name => !known.has(name)),
    [],
  )
})
