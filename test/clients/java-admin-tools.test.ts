/** Apache Kafka's tools for administrators of clusters: each has to make sense of a cluster of one. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { whyNoApacheKafka } from '../apache-kafka/installation.ts'
import { runTool, type ToolName, tryTool } from '../apache-kafka/tools.ts'
import { type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

describe("Apache Kafka's tools for administrators", { skip: await whyNoApacheKafka(), concurrency: 1 }, () => {
  let server: ServerUnderTest
  const addressed = (args: string[]): string[] => ['--bootstrap-server', server.address, ...args]
  const run = (tool: ToolName, ...args: string[]) => runTool(tool, addressed(args))
  const refused = async (tool: ToolName, ...args: string[]) => {
    const { status, stdout, stderr } = await tryTool(tool, addressed(args))
    assert.notEqual(status, 0)
    return stdout + stderr
  }

  before(async () => {
    server = await startServerUnderTest()
    await run('topics', '--create', '--topic', 'orders', '--partitions', '2')
    await runTool('console-producer', addressed(['--topic', 'orders']), { input: 'one\ntwo\n' })
  })
  after(() => server.close())

  test('log-dirs: the sizes of the partitions', async () => {
    const output = await run('log-dirs', '--describe', '--topic-list', 'orders')
    const { brokers } = JSON.parse(output.split('\n').find(line => line.startsWith('{'))!)
    const [directory] = brokers[0].logDirs
    const sizes = directory.partitions.map(({ partition, size }: { partition: string; size: number }) => [
      partition,
      size > 0,
    ])
    assert.deepEqual(sizes.map(([partition]: [string]) => partition).sort(), ['orders-0', 'orders-1'])
    assert.ok(sizes.some(([, isWritten]: [string, boolean]) => isWritten))
  })

  test('features: describes, lowers and raises', async () => {
    assert.match(await run('features', 'describe'), /Feature: group\.version.*FinalizedVersionLevel: 1/)
    await run('features', 'downgrade', '--feature', 'group.version=0')
    assert.match(await run('features', 'describe'), /Feature: group\.version.*FinalizedVersionLevel: 0/)
    await run('features', 'upgrade', '--feature', 'group.version=1')
    assert.match(await refused('features', 'upgrade', '--feature', 'no.such.feature=1'), /no\.such\.feature/)
  })

  test('metadata-quorum: one voter, up to date', async () => {
    const status = await run('metadata-quorum', 'describe', '--status')
    assert.match(status, /LeaderId:\s+1/)
    assert.match(status, /MaxFollowerLag:\s+0/)
    assert.match(await run('metadata-quorum', 'describe', '--replication'), /^1\s.*Leader/m)
  })

  test('leader-election: none is needed', async () => {
    const partition = ['--topic', 'orders', '--partition', '0']
    const output = await run('leader-election', '--election-type', 'preferred', ...partition)
    assert.match(output, /Valid replica already elected for partitions orders-0/)
    await run('leader-election', '--election-type', 'preferred', '--all-topic-partitions')
  })

  test('reassign-partitions: to where they are, and not elsewhere', async () => {
    const directory = await temporaryDirectory('reassign')
    const plan = async (name: string, replicas: number[]) => {
      const path = join(directory.path, name)
      await writeFile(path, JSON.stringify({ version: 1, partitions: [{ topic: 'orders', partition: 0, replicas }] }))
      return ['--reassignment-json-file', path]
    }
    try {
      const here = await plan('here.json', [1])
      assert.match(
        await run('reassign-partitions', '--execute', ...here),
        /Successfully started partition reassignment/,
      )
      assert.match(await run('reassign-partitions', '--verify', ...here), /orders-0 is completed/)
      assert.match(await run('reassign-partitions', '--list'), /No partition reassignments found/)
      assert.match(await refused('reassign-partitions', '--execute', ...(await plan('there.json', [2]))), /2/)
    } finally {
      await directory.remove()
    }
  })

  test('configs: of the broker, of groups and of subscriptions to client metrics', async () => {
    const configs = (...args: string[]) => run('configs', ...args)
    const broker = ['--entity-type', 'brokers', '--entity-name', '1']
    await configs('--alter', ...broker, '--add-config', 'message.max.bytes=2000000')
    assert.match(await configs('--describe', ...broker), /message\.max\.bytes=2000000/)
    await configs('--alter', ...broker, '--delete-config', 'message.max.bytes')
    await configs('--alter', '--entity-type', 'brokers', '--entity-default', '--add-config', 'log.retention.ms=60000')
    assert.match(
      await configs('--describe', '--entity-type', 'brokers', '--entity-default'),
      /log\.retention\.ms=60000/,
    )
    const group = ['--entity-type', 'groups', '--entity-name', 'billing']
    await configs('--alter', ...group, '--add-config', 'consumer.session.timeout.ms=50000')
    assert.match(await configs('--describe', ...group), /consumer\.session\.timeout\.ms=50000/)
    const metrics = ['--entity-type', 'client-metrics', '--entity-name', 'all']
    await configs('--alter', ...metrics, '--add-config', 'metrics=[*],interval.ms=1000')
    assert.match(await configs('--describe', '--entity-type', 'client-metrics'), /interval\.ms=1000/)
    assert.match(await run('client-metrics', '--list'), /^all$/m)
    await run('client-metrics', '--delete', '--name', 'all')
    assert.doesNotMatch(await run('client-metrics', '--list'), /^all$/m)
  })

  test('cluster and groups: who is there', async () => {
    assert.match(await runTool('cluster', ['cluster-id', ...addressed([])]), /Cluster ID: \S{22}/)
    assert.match(await runTool('cluster', ['list-endpoints', ...addressed([])]), /127\.0\.0\.1/)
    const consumer = ['--topic', 'orders', '--from-beginning', '--max-messages', '2', '--group', 'readers']
    await run('console-consumer', ...consumer)
    assert.match(await run('groups', '--list'), /^readers\s/m)
  })
})
