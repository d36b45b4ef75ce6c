/**
 * Damage that no crash explains: Ottla has one copy, so it can't repair, but it must not hand out wrong bytes, must not
 * delete, must say which file, and must go on with everything else.
 */
import assert from 'node:assert/strict'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Client, ReceivedRecord } from '../support/client.ts'
import { type OttlaProcess, startOttlaProcess } from '../support/ottla-process.ts'
import { platformaticKind } from '../support/platformatic-client.ts'
import { until } from '../support/until.ts'
import { frame, WireConnection } from '../support/wire.ts'

const KAFKA_STORAGE_ERROR = 56
const CORRUPT_MESSAGE = 2
const SEGMENT = '00000000000000000000.log'
const RECORDS = 200

describe('damage on the disk', { concurrency: 1 }, () => {
  let broker: OttlaProcess
  before(async () => {
    broker = await startOttlaProcess({ settings: { 'group.initial.rebalance.delay.ms': 0 } })
  })
  after(() => broker.close())

  const withClient = async <Result>(use: (client: Client) => Promise<Result>): Promise<Result> => {
    const client = await platformaticKind.connect(broker.address)
    try {
      return await use(client)
    } finally {
      await client.close()
    }
  }
  const fill = (topic: string) => withClient(client => fillTopic(client, topic))
  const read = (topic: string) => withClient(client => readAll(client, topic))
  const fillTopic = async (client: Client, topic: string) => {
    await client.createTopic(topic, 1)
    for (let start = 0; start < RECORDS; start += 20) {
      const records = Array.from({ length: 20 }, (_, index) => ({
        key: null,
        value: `${topic} ${start + index} ${'.'.repeat(100)}`,
      }))
      await client.send(topic, records)
    }
  }

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`a flipped bit in the middle of a log, found after ${signal}: that partition is fenced, others serve, nothing is deleted`, async () => {
      const [harmed, healthy] = [`flipped-${signal}`, `healthy-${signal}`]
      await fill(harmed)
      await fill(healthy)
      await broker.stop(signal)
      const path = join(broker.dataDirectory, `${harmed}-0`, SEGMENT)
      const { size } = await stat(path)
      await flipBit(path, Math.floor(size / 2))
      await broker.start()

      assert.equal((await read(healthy)).length, RECORDS)
      const { errorCode, bytes } = await fetchEverything(broker.port, harmed)
      assert.ok(
        [KAFKA_STORAGE_ERROR, CORRUPT_MESSAGE].includes(errorCode) || bytes < size / 2,
        `error ${errorCode}, ${bytes} of ${size} bytes handed out`,
      )
      await until(
        'the log names the file',
        () => broker.stderr.includes(`${harmed}-0`) && broker.stderr.includes(SEGMENT),
        {
          timeoutMs: 2_000,
          state: () => broker.stderr,
        },
      )
      assert.equal((await stat(path)).size, size, 'nothing is deleted')
    })
  }

  test('a segment that can not be read: that partition is fenced, others serve', async () => {
    await fill('unreadable')
    await fill('readable')
    await broker.stop('SIGTERM')
    const path = join(broker.dataDirectory, 'unreadable-0', SEGMENT)
    await rm(path)
    await mkdir(path) // what root can't read either
    await broker.start()

    assert.equal((await read('readable')).length, RECORDS)
    const { errorCode } = await fetchEverything(broker.port, 'unreadable')
    assert.equal(errorCode, KAFKA_STORAGE_ERROR)
    assert.ok(broker.stderr.includes(join('unreadable-0', SEGMENT)), broker.stderr)
    await withClient(client => client.send('readable', [{ value: 'and goes on' }]))
  })

  test('lost and damaged indexes are rebuilt', async () => {
    await fill('indexed')
    await broker.stop('SIGTERM')
    const directory = join(broker.dataDirectory, 'indexed-0')
    for (const name of await readdir(directory)) {
      if (name.endsWith('.timeindex')) await rm(join(directory, name))
      else if (name.endsWith('.index') && (await stat(join(directory, name))).size > 0)
        await flipBit(join(directory, name), 3)
    }
    await broker.start()
    assert.equal((await read('indexed')).length, RECORDS)
  })
})

async function flipBit(path: string, position: number): Promise<void> {
  const file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, position)
  byte[0]! ^= 0x10
  await file.write(byte, 0, 1, position)
  await file.close()
}

async function readAll(client: Client, topic: string): Promise<ReceivedRecord[]> {
  const received: ReceivedRecord[] = []
  const groupId = `reader-${topic}-${process.hrtime.bigint()}`
  const member = await client.join({ groupId, topic, onRecord: record => void received.push(record) })
  await until(`${RECORDS} records of ${topic}`, () => received.length >= RECORDS, { state: () => received.length })
  await member.leave()
  return received
}

/** Fetches partition 0 from its beginning, version 4 by hand: the error, and how many bytes of records came. */
async function fetchEverything(port: number, topic: string): Promise<{ errorCode: number; bytes: number }> {
  const name = Buffer.from(topic)
  const body = Buffer.alloc(4 + 4 + 4 + 4 + 1 + 4 + 2 + name.length + 4 + 4 + 8 + 4)
  let position = body.writeInt32BE(-1, 0) // a consumer
  position = body.writeInt32BE(500, position) // max wait
  position = body.writeInt32BE(1, position) // min bytes
  position = body.writeInt32BE(50_000_000, position)
  position = body.writeInt8(0, position) // read uncommitted
  position = body.writeInt32BE(1, position)
  position = body.writeInt16BE(name.length, position)
  position += name.copy(body, position)
  position = body.writeInt32BE(1, position)
  position = body.writeInt32BE(0, position) // partition
  position = body.writeBigInt64BE(0n, position)
  body.writeInt32BE(50_000_000, position)

  const connection = await WireConnection.open(port)
  const answer = await connection.ask(frame({ apiKey: 1, apiVersion: 4, body }))
  connection.close()
  // correlation id, throttle time, one topic, its name, one partition, its index
  const partition = 4 + 4 + 4 + 2 + name.length + 4 + 4
  const errorCode = answer!.readInt16BE(partition)
  // error, high watermark, last stable offset, aborted transactions (none: -1 or 0), size of the records
  const bytes = Math.max(0, answer!.readInt32BE(partition + 2 + 8 + 8 + 4))
  return { errorCode, bytes }
}
