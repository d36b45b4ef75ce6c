import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, suite, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { startOttla } from '../index.ts'

const bin = new URL('../bin.ts', import.meta.url).pathname
const root = mkdtempSync(join(tmpdir(), 'ottla-backup-'))
after(() => rmSync(root, { recursive: true, force: true }))

function run(...words: string[]) {
  const child = spawn(process.execPath, [bin, ...words], { stdio: ['ignore', 'pipe', 'pipe'], cwd: root })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, ...output }))
  return { child, ended }
}

/** A broker in a process of its own; resolves when it answers. */
async function startBroker(dataDir: string) {
  const { child, ended } = run('start', '--listen', '127.0.0.1:0', '--data-dir', dataDir)
  const [line] = await once(createInterface(child.stdout), 'line')
  const brokers = [String(line).replace(/^.*kafka:\/\//, '')]
  const stop = async () => {
    child.kill('SIGTERM')
    return ended
  }
  return { brokers, stop, child, kafka: new Kafka({ brokers, logLevel: logLevel.NOTHING }) }
}

async function offsetsOf(kafka: Kafka) {
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets('orders')
  const [committed] = await admin.fetchOffsets({ groupId: 'payment', topics: ['orders'] })
  await admin.disconnect()
  return { ends, committed: committed?.partitions ?? [] }
}

suite('ottla backup', () => {
  test('under load: the copy starts, has all that was acknowledged, and no offset beyond its data', {
    timeout: 120_000,
  }, async () => {
    const dataDir = join(root, 'live')
    const { kafka, stop } = await startBroker(dataDir)
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3 }] })
    await admin.disconnect()
    const producer = kafka.producer({ idempotent: true })
    const consumer = kafka.consumer({ groupId: 'payment' })
    await Promise.all([producer.connect(), consumer.connect()])
    let consumed = 0
    await consumer.subscribe({ topic: 'orders', fromBeginning: true })
    await consumer.run({
      autoCommitThreshold: 5,
      eachMessage: async () => void consumed++,
    })
    let acknowledged = 0
    let isDone = false
    const load = (async () => {
      while (!isDone) {
        const messages = Array.from({ length: 10 }, (_, i) => ({ key: `${i}`, value: `order ${acknowledged + i}` }))
        await producer.send({ topic: 'orders', messages })
        acknowledged += messages.length
      }
    })()
    while (consumed < 50) await new Promise(resolve => setTimeout(resolve, 20))

    const before = acknowledged
    const copy = join(root, 'copy')
    const { status, stdout, stderr } = await run('backup', copy, '--data-dir', dataDir).ended
    assert.equal(status, 0, stderr)
    assert.match(stdout, /copy: \d+ partitions, \d+ bytes/)
    assert.ok(acknowledged >= before)
    isDone = true
    await load
    await consumer.disconnect()
    await producer.disconnect()
    assert.equal((await stop()).status, 0)
    assert.deepEqual(
      readdirSync(dataDir).filter(name => name.endsWith('-delete') || name.endsWith('.sock')),
      [],
    )

    await using restored = await startOttla({ dataDir: copy })
    const { ends, committed } = await offsetsOf(new Kafka({ brokers: restored.brokers, logLevel: logLevel.NOTHING }))
    const total = ends.reduce((sum, { offset }) => sum + Number(offset), 0)
    assert.ok(total >= before, `${before} were acknowledged before, the copy has ${total}`)
    assert.ok(
      committed.some(({ offset }) => Number(offset) > 0),
      'offsets were committed',
    )
    for (const { partition, offset } of committed) {
      const end = ends.find(found => found.partition === partition)
      assert.ok(
        Number(offset) <= Number(end?.offset),
        `${offset} committed in ${partition}, which ends at ${end?.offset}`,
      )
    }
  })

  test('finds the broker also by a directory whose path is too long for a socket', {
    skip: process.platform !== 'linux',
  }, async () => {
    const dataDir = join(root, ...Array.from({ length: 5 }, (_, i) => `${i}${'x'.repeat(40)}`), 'data')
    mkdirSync(join(dataDir, '..'), { recursive: true })
    const { stop } = await startBroker(dataDir)
    const { status, stderr } = await run('backup', join(root, 'copy-of-long'), '--data-dir', dataDir).ended
    assert.equal(status, 0, stderr)
    assert.equal((await stop()).status, 0)
    assert.equal(existsSync(join(dataDir, '.ottla.sock')), false)
  })

  test('a socket that a killed broker has left is in nobody’s way', async () => {
    const dataDir = join(root, 'killed')
    const first = await startBroker(dataDir)
    first.child.kill('SIGKILL')
    await once(first.child, 'close')
    assert.equal(existsSync(join(dataDir, '.ottla.sock')), true)
    const noBroker = await run('backup', join(root, 'copy-of-killed'), '--data-dir', dataDir).ended
    assert.equal(noBroker.status, 1)
    assert.match(noBroker.stderr, /^ottla: No broker .* the directory itself can be copied/)
    const second = await startBroker(dataDir)
    assert.equal((await run('backup', join(root, 'copy-of-killed'), '--data-dir', dataDir).ended).status, 0)
    const again = await run('backup', join(root, 'copy-of-killed'), '--data-dir', dataDir).ended
    assert.equal(again.status, 1)
    assert.match(again.stderr, /There is something already/)
    await second.stop()
    const missing = await run('backup', join(root, 'nothing'), '--data-dir', join(root, 'nowhere')).ended
    assert.equal(missing.status, 1)
    assert.match(missing.stderr, /--data-dir/)
  })
})
