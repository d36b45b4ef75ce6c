import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { startOttla } from '../index.ts'

const bin = new URL('../bin.ts', import.meta.url).pathname
const root = mkdtempSync(join(tmpdir(), 'ottla-log-command-'))
after(() => rmSync(root, { recursive: true, force: true }))
const firstLog = 'orders-0/00000000000000000000.log'

async function run(...words: string[]) {
  const child = spawn(process.execPath, [bin, ...words], { stdio: ['ignore', 'pipe', 'pipe'], cwd: root })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const [status] = await once(child, 'close')
  return { status: status as number | null, ...output }
}

/** A data directory with ten records of the topic orders in two batches, stopped cleanly. */
async function dataDirectory(name: string): Promise<string> {
  const dataDir = join(root, name)
  await using ottla = await startOttla({ dataDir, topics: { orders: {} } })
  const producer = new Kafka({ brokers: ottla.brokers, logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  for (const batch of [0, 1]) {
    const messages = [0, 1, 2, 3, 4].map(i => ({ key: `order-${batch * 5 + i}`, value: `two mugs, please (${i})` }))
    await producer.send({ topic: 'orders', messages })
  }
  await producer.disconnect()
  return dataDir
}

function damage(path: string, position: number): void {
  const content = readFileSync(path)
  content[position]! ^= 0xff
  writeFileSync(path, content)
}

suite('ottla log verify', () => {
  test('says that nothing is wrong, with what it has looked at, and ends with 0', async () => {
    const { status, stdout } = await run('log', 'verify', await dataDirectory('intact'))
    assert.equal(status, 0)
    assert.match(stdout, /^\d+ partitions, .* record batches, .* bytes: nothing is wrong\n$/)
  })

  test('names file and byte of what is damaged, and ends with 1', async () => {
    const directory = await dataDirectory('damaged')
    damage(join(directory, firstLog), 80)
    const { status, stdout } = await run('log', 'verify', directory)
    assert.equal(status, 1)
    assert.match(stdout, /^damage {4}orders-0\/00000000000000000000\.log at byte 0: .*CRC/m)
    assert.match(stdout, /1 damaged\. See `ottla log repair`/)
    const json = await run('log', 'verify', directory, '--json')
    const lines = json.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    const [finding] = lines.filter(({ type }) => type === 'finding')
    assert.deepEqual(
      [finding.severity, finding.path, finding.positionInBytes],
      ['damage', join(directory, firstLog), 0],
    )
    assert.equal(lines.at(-1).type, 'total')
    assert.equal(lines.at(-1).damage, 1)
  })

  test('refuses a directory that a broker uses, and one that is not there, and ends with 1', async () => {
    const dataDir = join(root, 'in-use')
    await using ottla = await startOttla({ dataDir })
    const inUse = await run('log', 'verify', ottla.dataDir)
    assert.equal(inUse.status, 1)
    assert.match(inUse.stderr, /^ottla: .*already in use/)
    const missing = await run('log', 'verify', join(root, 'nowhere'))
    assert.equal(missing.status, 1)
    assert.match(missing.stderr, /^ottla: There is no such directory/)
  })
})

suite('ottla log dump', () => {
  test('prints batches and records, as lines and as JSON', async () => {
    const directory = await dataDirectory('dumped')
    const { status, stdout } = await run('log', 'dump', join(directory, firstLog))
    assert.equal(status, 0)
    const lines = stdout.trim().split('\n')
    assert.equal(lines.length, 12)
    assert.match(lines[0]!, /^batch {2}position: 0 {2}baseOffset: 0 {2}lastOffset: 4 {2}recordCount: 5 /)
    assert.match(
      lines[2]!,
      /^ {2}record {2}offset: 1 {2}timestamp: \d+ {2}key: order-1 {2}value: two mugs, please \(1\)$/,
    )
    const json = await run('log', 'dump', join(directory, firstLog), '--json', '--no-records', '--from-offset', '5')
    const [batch, ...others] = json.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.deepEqual([batch.type, batch.baseOffset, others.length], ['batch', 5, 0])
  })

  test('ends with 1 where something is damaged, or there is no such file, and with 2 on wrong usage', async () => {
    const directory = await dataDirectory('dumped-damaged')
    damage(join(directory, firstLog), 80)
    const { status, stdout } = await run('log', 'dump', join(directory, firstLog))
    assert.equal(status, 1)
    assert.match(stdout, /^invalid {2}position: 0 /)
    assert.equal((await run('log', 'dump', join(directory, 'nothing.log'))).status, 1)
    assert.equal((await run('log', 'dump', join(directory, firstLog), '--from-offset', 'x')).status, 2)
  })
})

suite('ottla log repair', () => {
  test('cuts out what is damaged, says what is lost, and the broker serves the rest', async () => {
    const directory = await dataDirectory('repaired')
    damage(join(directory, firstLog), 80)
    const { status, stdout } = await run('log', 'repair', directory, '--partition', 'orders-0')
    assert.equal(status, 0)
    assert.match(stdout, /^orders-0\/00000000000000000000\.log: cut out bytes 0 to \d+ .*Offsets 0 to 4 are lost$/m)
    assert.equal((await run('log', 'verify', directory)).status, 0)
    await using ottla = await startOttla({ dataDir: directory })
    const admin = new Kafka({ brokers: ottla.brokers, logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const [offsets] = await admin.fetchTopicOffsets('orders')
    assert.equal(offsets?.high, '10')
    await admin.disconnect()
  })

  test('changes nothing where nothing is damaged, and refuses a directory in use and a partition that is not there', async () => {
    const directory = await dataDirectory('nothing-to-repair')
    const intact = await run('log', 'repair', directory, '--partition', 'orders-0')
    assert.equal(intact.status, 0)
    assert.match(intact.stdout, /nothing to repair/)
    assert.equal((await run('log', 'repair', directory, '--partition', 'nothing-0')).status, 1)
    assert.equal((await run('log', 'repair', directory)).status, 2)
    await using ottla = await startOttla({ dataDir: directory })
    const inUse = await run('log', 'repair', ottla.dataDir, '--partition', 'orders-0')
    assert.equal(inUse.status, 1)
    assert.match(inUse.stderr, /already in use/)
  })
})
