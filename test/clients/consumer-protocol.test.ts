/** Real clients with the consumer group protocol of KIP-848: Node's and Java's, and both protocols in one group. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { globSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { Consumer, MessagesStreamFallbackModes, MessagesStreamModes } from '@platformatic/kafka'
import { whyNoApacheKafka } from '../apache-kafka/installation.ts'
import { runTool, startTool } from '../apache-kafka/tools.ts'
import { platformaticKind, platformaticOptions } from '../support/platformatic-client.ts'
import { type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.ts'
import { until } from '../support/until.ts'

const PARTITIONS = 6

/** Heartbeats as often as the broker allows, so that a rebalance takes as long as it must and not longer. */
const settings = {
  'group.consumer.min.heartbeat.interval.ms': 100,
  'group.consumer.heartbeat.interval.ms': 100,
  'group.consumer.min.session.timeout.ms': 3_000,
  'group.consumer.session.timeout.ms': 3_000,
}

const skip = await whyNoApacheKafka()
let server: ServerUnderTest

before(async () => {
  server = await startServerUnderTest(settings)
})
after(() => server.close())

async function fill(topic: string, count: number): Promise<void> {
  const client = await platformaticKind.connect(server.address)
  await client.createTopic(topic, PARTITIONS)
  await client.send(
    topic,
    Array.from({ length: count }, (_, index) => ({ value: String(index), partition: index % PARTITIONS })),
  )
  await client.close()
}

async function joinInNode(groupId: string, topic: string, onValue: (value: string) => void) {
  const consumer = new Consumer<Buffer, Buffer, Buffer, Buffer>({
    ...platformaticOptions(server.address),
    groupId,
    groupProtocol: 'consumer',
  })
  const stream = await consumer.consume({
    topics: [topic],
    mode: MessagesStreamModes.COMMITTED,
    fallbackMode: MessagesStreamFallbackModes.EARLIEST,
    autocommit: 100,
    maxWaitTime: 200,
  })
  stream.on('data', message => onValue(String(message.value)))
  return {
    partitions: () =>
      (consumer.assignments ?? []).flatMap(assignment => assignment.partitions).toSorted((a, b) => a - b),
    close: async () => {
      await stream.close()
      await consumer.close()
    },
  }
}

test('members in Node share a topic, take over from each other, and go on after a restart of the broker', async () => {
  await fill('node-shared', 60)
  const read = new Set<string>()
  const all = Array.from({ length: PARTITIONS }, (_, partition) => partition)
  const one = await joinInNode('node-group', 'node-shared', value => read.add(value))
  await until('the first has everything', () => one.partitions().length === PARTITIONS)
  const two = await joinInNode('node-group', 'node-shared', value => read.add(value))
  await until('both have half', () => one.partitions().length === 3 && two.partitions().length === 3)
  assert.deepEqual([...one.partitions(), ...two.partitions()].sort(), all)
  await server.stop('SIGKILL')
  await server.start()
  await until('all is read', () => read.size === 60)
  assert.equal(one.partitions().length, 3)
  assert.equal(two.partitions().length, 3)
  await one.close()
  await until('the other has everything', () => two.partitions().length === PARTITIONS)
  await two.close()
})

describe("Java's clients", { skip, concurrency: 1 }, () => {
  const processes = new Set<ChildProcess>()
  after(() => {
    for (const child of processes) child.kill('SIGKILL')
  })

  /** A VerifiableConsumer tells in JSON lines what it was given and what it read. */
  async function join(groupId: string, topic: string, ...args: string[]) {
    const child = await startTool('verifiable-consumer', [
      ...['--bootstrap-server', server.address, '--group-id', groupId, '--topic', topic],
      ...['--reset-policy', 'earliest', ...args],
    ])
    processes.add(child)
    const partitions = new Set<number>()
    let count = 0
    let rest = ''
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const event = JSON.parse(line) as {
          name: string
          count?: number
          partitions?: { partition: number }[]
        }
        if (event.name === 'partitions_assigned')
          for (const { partition } of event.partitions ?? []) partitions.add(partition)
        if (event.name === 'partitions_revoked')
          for (const { partition } of event.partitions ?? []) partitions.delete(partition)
        if (event.name === 'records_consumed') count += event.count ?? 0
      }
    })
    return {
      partitions: () => [...partitions].sort(),
      count: () => count,
      errors: () => errors,
      stop: async () => {
        const exited = new Promise(resolve => child.once('exit', resolve))
        child.kill('SIGTERM')
        await exited
        processes.delete(child)
      },
    }
  }

  test('share a topic by the consumer protocol, with the assignor that they ask for', async () => {
    await fill('java-shared', 60)
    const range = ['--group-protocol', 'consumer', '--group-remote-assignor', 'range']
    const one = await join('java-group', 'java-shared', ...range)
    await until('the first has everything', () => one.partitions().length === PARTITIONS)
    const two = await join('java-group', 'java-shared', ...range)
    await until('both have half', () => one.partitions().length === 3 && two.partitions().length === 3)
    const description = await runTool('consumer-groups', [
      ...['--bootstrap-server', server.address, '--describe', '--group', 'java-group', '--members', '--verbose'],
    ])
    assert.match(description, /java-shared:0,1,2/)
    assert.match(description, /java-shared:3,4,5/)
    const state = await runTool('consumer-groups', [
      ...['--bootstrap-server', server.address, '--describe', '--group', 'java-group', '--state'],
    ])
    assert.match(state, /range\s+Stable\s+2/)
    await one.stop()
    await until('the other has everything', () => two.partitions().length === PARTITIONS)
    await until('all is read', () => one.count() + two.count() >= 60)
    await two.stop()
  })

  test('move from the classic protocol to the new one and back, member by member', async () => {
    await fill('java-moving', 60)
    const classic = await join('moving-group', 'java-moving', '--group-protocol', 'classic')
    await until('the classic one has everything', () => classic.partitions().length === PARTITIONS)
    const modern = await join('moving-group', 'java-moving', '--group-protocol', 'consumer')
    await until('both have half', () => classic.partitions().length === 3 && modern.partitions().length === 3)
    assert.deepEqual([...classic.partitions(), ...modern.partitions()].sort(), [0, 1, 2, 3, 4, 5])
    await modern.stop()
    await until('the classic one has everything again', () => classic.partitions().length === PARTITIONS)
    const list = await runTool('consumer-groups', ['--bootstrap-server', server.address, '--list', '--type'])
    assert.match(list, /moving-group\s+Classic/i)
    await classic.stop()
  })

  test('read all topics of a pattern, also one that comes later', async () => {
    await fill('by-name-1', 6)
    const consumer = await startTool('console-consumer', [
      ...['--bootstrap-server', server.address, '--include', 'by-name-[0-9]', '--group', 'by-name'],
      ...['--command-property', 'group.protocol=consumer', '--command-property', 'auto.offset.reset=earliest'],
      ...['--command-property', 'metadata.max.age.ms=500'],
    ])
    processes.add(consumer)
    let output = ''
    consumer.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    const lines = () => output.split('\n').filter(line => line !== '').length
    await until('the first topic is read', () => lines() === 6)
    await fill('by-name-2', 6)
    await until('the second topic is read', () => lines() === 12)
    const exited = new Promise(resolve => consumer.once('exit', resolve))
    consumer.kill('SIGTERM')
    await exited
    processes.delete(consumer)
  })

  test('what is stored of the groups is read by kafka-dump-log', async () => {
    await server.stop('SIGTERM')
    let dump = ''
    for (const file of globSync(`${server.dataDirectory}/__consumer_offsets-*/*.log`)) {
      dump += await runTool('dump-log', ['--offsets-decoder', '--files', file])
    }
    await server.start()
    const types = new Set(Array.from(dump.matchAll(/key: \{"type":"(\d+)"/g), ([, type]) => Number(type)))
    // Offsets; and of consumer groups: group, member, target epoch, target, current assignment.
    for (const type of [1, 3, 5, 6, 7, 8]) assert.ok(types.has(type), `records of type ${type}`)
    assert.ok(dump.includes('"assignmentEpochs":['))
    assert.equal(/.*(?:Error|Exception|could not be).*/i.exec(dump), null)
  })
})
