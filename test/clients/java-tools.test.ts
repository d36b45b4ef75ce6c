/** Apache Kafka's own command-line tools against the broker: each option they offer is somebody's habit. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { whyNoApacheKafka } from '../apache-kafka/installation.ts'
import { runTool, type ToolName, tryTool } from '../apache-kafka/tools.ts'
import { type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

describe("Apache Kafka's tools", { skip: await whyNoApacheKafka(), concurrency: 1 }, () => {
  let server: ServerUnderTest
  const run = (tool: ToolName, args: string[], input?: string) =>
    runTool(tool, ['--bootstrap-server', server.address, ...args], input === undefined ? {} : { input })
  const produce = (topic: string, lines: string[], ...args: string[]) =>
    run('console-producer', ['--topic', topic, ...args], lines.map(line => `${line}\n`).join(''))
  const consume = async (topic: string, count: number, ...args: string[]) => {
    const output = await run('console-consumer', ['--topic', topic, '--max-messages', String(count), ...args])
    return output.trimEnd().split('\n')
  }
  const createTopic = (topic: string, ...args: string[]) => run('topics', ['--create', '--topic', topic, ...args])

  before(async () => {
    server = await startServerUnderTest()
  })
  after(() => server.close())

  test('topics: creates, lists, describes, adds partitions, deletes', async () => {
    assert.match(
      await createTopic('life', '--partitions', '2', '--config', 'retention.ms=3600000'),
      /Created topic life\./,
    )
    const again = await tryTool('topics', ['--bootstrap-server', server.address, '--create', '--topic', 'life'])
    assert.match(again.stdout + again.stderr, /already exists/)
    assert.match(await run('topics', ['--list']), /^life$/m)
    const description = await run('topics', ['--describe', '--topic', 'life'])
    assert.match(
      description,
      /Topic: life\s+TopicId: \S{22}\s+PartitionCount: 2\s+ReplicationFactor: 1\s+Configs: .*retention\.ms=3600000/,
    )
    await run('topics', ['--alter', '--topic', 'life', '--partitions', '5'])
    assert.match(await run('topics', ['--describe', '--topic', 'life']), /PartitionCount: 5/)
    await run('topics', ['--delete', '--topic', 'life'])
    assert.doesNotMatch(await run('topics', ['--list']), /^life$/m)
  })

  test('configs: describes, sets, appends and deletes settings of a topic', async () => {
    await createTopic('settings')
    const entity = ['--entity-type', 'topics', '--entity-name', 'settings']
    await run('configs', ['--alter', ...entity, '--add-config', 'retention.ms=60000,max.message.bytes=2000000'])
    const set = await run('configs', ['--describe', ...entity])
    assert.match(set, /retention\.ms=60000/)
    assert.match(set, /max\.message\.bytes=2000000/)
    await run('configs', ['--alter', ...entity, '--delete-config', 'retention.ms'])
    assert.doesNotMatch(await run('configs', ['--describe', ...entity]), /retention\.ms=60000/)
    const all = await run('configs', ['--describe', '--all', ...entity])
    assert.match(all, /retention\.ms=604800000/)
    const refused = await tryTool('configs', [
      '--bootstrap-server',
      server.address,
      '--alter',
      ...entity,
      '--add-config',
      'retention.ms=soon',
    ])
    assert.match(refused.stdout + refused.stderr, /retention\.ms/)
    assert.notEqual(refused.status, 0)
  })

  test('configs: describes the broker', async () => {
    const all = await run('configs', ['--describe', '--all', '--entity-type', 'brokers', '--entity-name', '1'])
    assert.match(all, /log\.retention\.hours=168|log\.retention\.ms=/)
  })

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    test(`console producer with codec ${codec}, console consumer from the beginning`, async () => {
      const topic = `console-${codec}`
      await createTopic(topic)
      const lines = Array.from({ length: 50 }, (_, index) => `line ${index} ${'again and '.repeat(20)}again`)
      await produce(topic, lines, '--compression-codec', codec)
      assert.deepEqual(
        await consume(topic, 50, '--from-beginning'),
        lines.map(line => line.trimEnd()),
      )
    })
  }

  test('console consumer prints keys, headers, null values, partitions and offsets', async () => {
    await createTopic('print')
    const properties = [
      'parse.key=true',
      'key.separator=|',
      'parse.headers=true',
      'headers.delimiter=~',
      'null.marker=NULL',
    ]
    await produce(
      'print',
      ['trace:1,shop:eu~order-1|two mugs', 'trace:2~order-2|NULL'],
      ...properties.flatMap(property => ['--reader-property', property]),
    )
    const prints = [
      'print.key=true',
      'print.headers=true',
      'print.offset=true',
      'print.partition=true',
      'null.literal=NULL',
      'key.separator=|',
    ]
    const printed = await consume(
      'print',
      2,
      '--from-beginning',
      ...prints.flatMap(property => ['--formatter-property', property]),
    )
    assert.deepEqual(printed, [
      'Partition:0|Offset:0|trace:1,shop:eu|order-1|two mugs',
      'Partition:0|Offset:1|trace:2|order-2|NULL',
    ])
  })

  test('a topic is created by its first producer, as auto.create.topics.enable says', async () => {
    await produce('made-by-use', ['first'])
    assert.deepEqual(await consume('made-by-use', 1, '--from-beginning'), ['first'])
  })

  test('get-offsets answers earliest, latest and by time', async () => {
    await createTopic('offsets', '--partitions', '2')
    await produce('offsets', ['a', 'b', 'c'])
    const latest = await run('get-offsets', ['--topic', 'offsets'])
    const sum = latest
      .trim()
      .split('\n')
      .reduce((total, line) => total + Number(line.split(':')[2]), 0)
    assert.equal(sum, 3)
    assert.match(await run('get-offsets', ['--topic', 'offsets', '--time', 'earliest']), /offsets:0:0\noffsets:1:0/)
    const byTime = await run('get-offsets', ['--topic', 'offsets', '--time', '1'])
    assert.match(byTime, /offsets:\d:0/)
    await run('get-offsets', ['--topic', 'offsets', '--time', 'max-timestamp'])
  })

  test('delete-records moves the beginning of the log', async () => {
    await createTopic('shrinking')
    await produce('shrinking', ['a', 'b', 'c', 'd'])
    const directory = await temporaryDirectory('delete-records')
    const request = join(directory.path, 'request.json')
    await writeFile(
      request,
      JSON.stringify({ partitions: [{ topic: 'shrinking', partition: 0, offset: 3 }], version: 1 }),
    )
    const answer = await run('delete-records', ['--offset-json-file', request])
    await directory.remove()
    assert.match(answer, /shrinking-0\s+low_watermark: 3/)
    assert.deepEqual(await consume('shrinking', 1, '--from-beginning'), ['d'])
  })

  test('consumer-groups: lists, describes lag, resets offsets, deletes offsets and the group', async () => {
    await createTopic('lagging')
    await produce('lagging', ['a', 'b', 'c', 'd', 'e'])
    await consume('lagging', 2, '--from-beginning', '--group', 'slow')
    const groups = (...args: string[]) => run('consumer-groups', args)
    assert.match(await groups('--list'), /^slow$/m)
    assert.match(await groups('--describe', '--group', 'slow'), /slow\s+lagging\s+0\s+2\s+5\s+3/)
    assert.match(await groups('--describe', '--group', 'slow', '--state'), /Empty/)
    assert.match(
      await groups('--reset-offsets', '--group', 'slow', '--topic', 'lagging', '--to-offset', '4', '--execute'),
      /slow\s+lagging\s+0\s+4/,
    )
    assert.deepEqual(await consume('lagging', 1, '--group', 'slow'), ['e'])
    await groups('--reset-offsets', '--group', 'slow', '--all-topics', '--to-earliest', '--execute')
    assert.match(await groups('--describe', '--group', 'slow'), /slow\s+lagging\s+0\s+0\s+5\s+5/)
    await groups('--delete-offsets', '--group', 'slow', '--topic', 'lagging')
    await groups('--reset-offsets', '--group', 'slow', '--topic', 'lagging', '--to-latest', '--execute')
    assert.match(await groups('--delete', '--group', 'slow'), /successful/)
    assert.doesNotMatch(await groups('--list'), /^slow$/m)
  })

  test('broker-api-versions understands every API that is advertised', async () => {
    const answer = await run('broker-api-versions', [])
    assert.match(answer, /Produce\(0\): .*\[usable/)
    assert.doesNotMatch(answer, /UNKNOWN\(/)
  })

  test('the verifiable producer and consumer agree', async () => {
    await createTopic('verified', '--partitions', '3')
    const produced = await run('verifiable-producer', ['--topic', 'verified', '--max-messages', '2000', '--acks', '-1'])
    assert.match(produced, /"name":"tool_data".*"sent":2000,"acked":2000/)
    const consumed = await run('verifiable-consumer', [
      '--topic',
      'verified',
      '--group-id',
      'verify',
      '--max-messages',
      '2000',
      '--reset-policy',
      'earliest',
    ])
    const counts = consumed
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { name: string; count?: number; success?: boolean })
    const total = counts.filter(line => line.name === 'records_consumed').reduce((sum, line) => sum + line.count!, 0)
    assert.equal(total, 2000)
    const commits = counts.filter(line => line.name === 'offsets_committed')
    assert.ok(commits.length > 0 && commits.every(line => line.success), 'every commit succeeds')
  })
})
