import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { suite, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { type Ottla, startOttla } from '../../index.ts'
import { exitStatus } from '../exit-status.ts'

const bin = new URL('../../bin.ts', import.meta.url).pathname

async function run(ottla: Ottla | string, words: string[], input = '') {
  const brokers = typeof ottla === 'string' ? ottla : ottla.brokers.join()
  const child = spawn(process.execPath, [bin, ...words], { env: { ...process.env, KAFKA_BROKERS: brokers } })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  child.stdin.end(input)
  const [status] = await once(child, 'close')
  const json = () =>
    output.stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
  return { status, ...output, json }
}

suite('commands against a cluster', () => {
  test('topics are created, listed, described and deleted', async () => {
    await using ottla = await startOttla()
    const created = await run(ottla, ['topic', 'create', 'orders', '-p', '3', '-c', 'retention.ms=86400000', '--json'])
    assert.deepEqual([created.status, created.json()[0].partitions], [0, 3])
    const again = await run(ottla, ['topic', 'create', 'orders'])
    assert.deepEqual([again.status, again.stderr], [1, 'ottla: The topic orders exists already\n'])
    const list = await run(ottla, ['topic', 'list'])
    assert.equal(list.stdout, 'TOPIC   PARTITIONS  REPLICAS\norders           3         1\n')
    await ottla.produce('orders', { value: 'x', partition: 1 })
    const [described] = (await run(ottla, ['topic', 'describe', 'orders', '--json'])).json()
    assert.deepEqual(described.configs, { 'retention.ms': '86400000' })
    assert.deepEqual(
      described.partitions.map(({ startOffset, endOffset }: Record<string, number>) => [startOffset, endOffset]),
      [
        [0, 0],
        [0, 1],
        [0, 0],
      ],
    )
    const unsure = await run(ottla, ['topic', 'delete', 'orders'])
    assert.equal(unsure.status, 1)
    assert.match(unsure.stderr, /add --yes/)
    assert.match((await run(ottla, ['topic', 'delete', 'orders', '--dry-run'])).stderr, /^Would delete orders$/m)
    assert.equal((await run(ottla, ['topic', 'delete', 'orders', '--yes'])).status, 0)
    assert.equal((await run(ottla, ['topic', 'describe', 'orders'])).status, exitStatus.notFound)
  })

  test('records go in as lines, come out as NDJSON, and go in again as they were', async () => {
    await using ottla = await startOttla({ topics: { orders: { partitions: 2 }, copy: {} } })
    const lines = 'order-1:two mugs\norder-2:three plates\norder-1:paid\n'
    const produced = await run(ottla, ['produce', 'orders', '-K', ':', '-H', 'type=text', '-z', 'zstd'], lines)
    assert.deepEqual([produced.status, produced.stderr], [0, 'Stored 3 records in orders\n'])
    const { value } = await ottla.waitFor('orders', ({ key, headers }) => key === 'order-1' && headers.type === 'text')
    assert.equal(value, 'two mugs')
    await ottla.produce('orders', { key: 'order-3', value: Uint8Array.of(0xff, 0xfe) })
    await ottla.produce('orders', { key: 'order-2', value: null })
    const consumed = await run(ottla, ['consume', 'orders', '--until-end', '--json'])
    assert.equal(consumed.json().length, 5)
    const copied = await run(ottla, ['produce', 'copy', '--ndjson', '-p', '0'], consumed.stdout)
    assert.equal(copied.status, 0)
    const original = (await Array.fromAsync(ottla.records('orders'))).map(({ key, valueBytes }) => [key, valueBytes])
    const copy = (await Array.fromAsync(ottla.records('copy'))).map(({ key, valueBytes }) => [key, valueBytes])
    assert.deepEqual(copy, original)
    const broken = await run(ottla, ['produce', 'copy', '--ndjson'], '{"value":1}\nno JSON\n')
    assert.equal(broken.status, 1)
    assert.match(broken.stderr, /Line 2 is no JSON/)
  })

  test('records are chosen by place, number, key, header and pattern', async () => {
    const seeded = (value: string, timestamp: number) => ({
      key: `key-${value}`,
      value,
      timestamp,
      headers: { n: value },
    })
    const records = ['a', 'b', 'c', 'd'].map((value, index) => seeded(value, Date.parse('2026-01-01') + index * 1000))
    await using ottla = await startOttla({ topics: { orders: { records } } })
    const valuesOf = async (...words: string[]) =>
      (await run(ottla, ['consume', 'orders', '--until-end', ...words])).stdout.trimEnd().split('\n')
    assert.deepEqual(await valuesOf(), ['a', 'b', 'c', 'd'])
    assert.deepEqual(await valuesOf('--from', '2'), ['c', 'd'])
    assert.deepEqual(await valuesOf('--from', '-1'), ['d'])
    assert.deepEqual(await valuesOf('--from', '2026-01-01T00:00:01Z', '--max', '2'), ['b', 'c'])
    assert.deepEqual(await valuesOf('--last', '3', '--grep', '[abd]'), ['b', 'd'])
    assert.deepEqual(await valuesOf('-k', 'key-c'), ['c'])
    assert.deepEqual(await valuesOf('-H', 'n=b', '-v'), ['0@1  2026-01-01T00:00:01.000Z  key-b  n=b', 'b'])
    assert.equal((await run(ottla, ['consume', 'orders', '--from', 'tomorrow'])).status, exitStatus.usage)
  })

  test('records that come later are printed too, of every partition, until a signal ends it with 0', async () => {
    await using ottla = await startOttla({ topics: { orders: { partitions: 20 } } })
    const child = spawn(process.execPath, [bin, 'consume', 'orders', '-b', ottla.brokers[0]!])
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    for (const partition of [19, 0, 7]) {
      await ottla.produce('orders', { value: `of ${partition}`, partition })
      assert.equal((await lines.next()).value, `of ${partition}`)
    }
    child.kill('SIGINT')
    const [status] = await once(child, 'close')
    assert.equal(status, 0)
  })

  test('only what is committed is shown, unless asked', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    const kafka = new Kafka({ brokers: ottla.brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 10 } })
    const producer = kafka.producer({ transactionalId: 't', idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    for (const value of ['aborted', 'committed']) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'orders', messages: [{ value }] })
      await (value === 'aborted' ? transaction.abort() : transaction.commit())
    }
    await producer.disconnect()
    assert.equal((await run(ottla, ['consume', 'orders', '-e'])).stdout, 'committed\n')
    assert.equal((await run(ottla, ['consume', 'orders', '-e', '--uncommitted'])).stdout, 'aborted\ncommitted\n')
  })

  test('a group is described, moved as planned, and left alone while it has members', async () => {
    const records = Array.from({ length: 5 }, (_, index) => ({ value: `${index}` }))
    await using ottla = await startOttla({ topics: { orders: { records } } })
    const reset = ['group', 'reset', 'payment', '-t', 'orders']
    const plan = await run(ottla, [...reset, '--to', '3', '--dry-run', '--json'])
    assert.deepEqual(plan.json(), [{ topic: 'orders', partition: 0, from: null, to: 3 }])
    assert.equal(ottla.groups.describe('payment'), undefined)
    assert.equal((await run(ottla, [...reset, '--to', '3', '--yes'])).status, 0)
    assert.equal((await run(ottla, ['group', 'reset', 'payment', '--to', '-1', '--yes'])).status, 0)
    const [described] = (await run(ottla, ['group', 'describe', 'payment', '--json'])).json()
    assert.deepEqual(described.partitions, [
      { topic: 'orders', partition: 0, committedOffset: 2, endOffset: 5, lag: 3 },
    ])
    const kafka = new Kafka({ clientId: 'live', brokers: ottla.brokers, logLevel: logLevel.NOTHING })
    const consumer = kafka.consumer({ groupId: 'payment', maxWaitTimeInMs: 50 })
    await consumer.connect()
    await consumer.subscribe({ topic: 'orders' })
    await consumer.run({ eachMessage: async () => undefined })
    await ottla.groups.waitUntilCaughtUp('payment')
    for (const words of [
      [...reset, '--to', 'beginning', '--yes'],
      ['group', 'delete', 'payment', '--yes'],
    ]) {
      const refused = await run(ottla, words)
      assert.equal(refused.status, 1)
      assert.match(refused.stderr, /Group payment has 1 members, stop them first: live \(\/127\.0\.0\.1\)/)
    }
    await consumer.disconnect()
    assert.equal((await run(ottla, ['group', 'delete', 'payment', '--yes'])).status, 0)
    assert.equal((await run(ottla, ['group', 'describe', 'payment'])).status, exitStatus.notFound)
  })

  test('settings are set, shown and taken back', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    assert.equal((await run(ottla, ['config', 'set', 'topic', 'orders', 'retention.ms=1000', '--dry-run'])).status, 0)
    assert.match((await run(ottla, ['config', 'get', 'topic', 'orders'])).stderr, /Nothing is set/)
    assert.equal((await run(ottla, ['config', 'set', 'topic', 'orders', 'retention.ms=1000'])).status, 0)
    assert.match((await run(ottla, ['config', 'get', 'topic', 'orders'])).stdout, /^retention\.ms +1000 +yes$/m)
    assert.equal((await run(ottla, ['config', 'unset', 'topic', 'orders', 'retention.ms'])).status, 0)
    assert.match(
      (await run(ottla, ['config', 'get', 'topic', 'orders', '--all'])).stdout,
      /^retention\.ms +604800000 +no$/m,
    )
    const refused = await run(ottla, ['config', 'set', 'topic', 'orders', 'nonsense=1'])
    assert.deepEqual([refused.status, /INVALID_CONFIG/.test(refused.stderr)], [1, true])
    assert.equal((await run(ottla, ['config', 'get', 'topic', 'nothing'])).status, exitStatus.notFound)
    assert.equal((await run(ottla, ['config', 'get', 'planet', 'x'])).status, exitStatus.usage)
  })

  test('the cluster tells of itself; one that is not there, or is none, is told apart', async () => {
    await using ottla = await startOttla({ topics: { orders: { partitions: 2 } } })
    const [info] = (await run(ottla, ['cluster', 'info', '--json'])).json()
    assert.deepEqual([info.topics, info.partitions, info.brokers[0].port], [1, 2, ottla.port])
    const server = createServer(socket => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const silent = `127.0.0.1:${(server.address() as { port: number }).port}`
    const timedOut = await run(silent, ['topic', 'list', '--timeout', '1'])
    assert.equal(timedOut.status, exitStatus.timedOut)
    assert.match(timedOut.stderr, /did not answer within 1000 ms: is it a Kafka broker\?/)
    server.close()
    await once(server, 'close')
    const gone = await run(silent, ['topic', 'list'])
    assert.equal(gone.status, exitStatus.unreachable)
    assert.equal((await run(`${silent},${ottla.brokers[0]}`, ['topic', 'list'])).status, 0, 'the next one is tried')
  })

  test('errors that pass are waited for, others end the command', async () => {
    await using ottla = await startOttla({ topics: { orders: {} } })
    const passing = ottla.faults.fail({ api: 'Produce', error: 'NOT_LEADER_OR_FOLLOWER', times: 2 })
    assert.equal((await run(ottla, ['produce', 'orders'], 'x\n')).status, 0)
    assert.equal(passing.count, 2)
    ottla.faults.fail({ api: 'Produce', error: 'MESSAGE_TOO_LARGE' })
    const refused = await run(ottla, ['produce', 'orders'], 'x\n')
    assert.deepEqual([refused.status, refused.stderr], [1, 'ottla: MESSAGE_TOO_LARGE\n'])
  })
})
