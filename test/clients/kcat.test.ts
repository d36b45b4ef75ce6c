/** kcat (librdkafka, the C client under most languages' Kafka clients) against the broker. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.ts'

const missing = spawnSync('kcat', ['-V']).status === 0 ? false : 'kcat is not installed (Debian: apt-get install kcat)'

describe('kcat', { skip: missing, concurrency: 1 }, () => {
  let server: ServerUnderTest
  before(async () => {
    server = await startServerUnderTest()
  })
  after(() => server.close())

  /** Runs kcat to its end; throws with what it said when it fails. */
  const kcat = (args: string[], input = '') =>
    new Promise<string>((resolve, reject) => {
      const child = spawn('kcat', ['-b', server.address, ...args], { timeout: 30_000 })
      let output = ''
      let errors = ''
      child.stdout.setEncoding('utf8').on('data', text => {
        output += text
      })
      child.stderr.setEncoding('utf8').on('data', text => {
        errors += text
      })
      child.once('error', reject)
      child.once('close', code =>
        code === 0 ? resolve(output) : reject(new Error(`kcat ${args.join(' ')}: ${code}\n${errors}`)),
      )
      child.stdin.end(input)
    })

  test('lists the broker and its topics', async () => {
    await kcat(['-P', '-t', 'listed'], 'x\n')
    const answer = await kcat(['-L'])
    assert.match(answer, new RegExp(`broker \\d+ at ${server.address}`))
    assert.match(answer, /topic "listed" with \d+ partitions:/)
  })

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    test(`produces with codec ${codec} and consumes`, async () => {
      const lines = Array.from({ length: 200 }, (_, index) => `line ${index} ${'again and again '.repeat(10)}`)
      await kcat(['-P', '-t', `kcat-${codec}`, '-z', codec, '-X', 'acks=all'], `${lines.join('\n')}\n`)
      const output = await kcat(['-C', '-t', `kcat-${codec}`, '-e', '-q'])
      assert.deepEqual(output.split('\n').slice(0, -1).sort(), lines.toSorted())
    })
  }

  test('keys, headers, null values, offsets and timestamps', async () => {
    await kcat(['-P', '-t', 'detail', '-K', '|', '-H', 'trace=1', '-Z'], 'a|one\nb|\n')
    const output = await kcat(['-C', '-t', 'detail', '-e', '-q', '-J'])
    const records = output
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual(
      records.map(({ key, payload, headers, offset }) => ({ key, payload, headers, offset })),
      [
        { key: 'a', payload: 'one', headers: ['trace', '1'], offset: 0 },
        { key: 'b', payload: null, headers: ['trace', '1'], offset: 1 },
      ],
    )
    assert.ok(records.every(({ ts }) => Math.abs(Number(ts) - Date.now()) < 60_000))
  })

  test('an idempotent producer', async () => {
    const lines = Array.from({ length: 1_000 }, (_, index) => `${index}`)
    await kcat(['-P', '-t', 'idempotent', '-X', 'enable.idempotence=true', '-p', '0'], `${lines.join('\n')}\n`)
    assert.deepEqual((await kcat(['-C', '-t', 'idempotent', '-e', '-q'])).trimEnd().split('\n'), lines)
  })

  test('a consumer group goes on where it has committed', async () => {
    await kcat(['-P', '-t', 'grouped', '-p', '0'], 'a\nb\nc\n')
    const group = ['-X', 'auto.offset.reset=earliest', '-e', '-q', '-G', 'kcat-group', 'grouped']
    assert.equal(await kcat(group), 'a\nb\nc\n')
    await kcat(['-P', '-t', 'grouped', '-p', '0'], 'd\n')
    assert.equal(await kcat(group), 'd\n')
  })

  test('finds an offset by its time, and reads from the end', async () => {
    await kcat(['-P', '-t', 'timed', '-p', '0'], 'a\nb\n')
    assert.match(await kcat(['-Q', '-t', 'timed:0:1']), /timed \[0\] offset 0/)
    assert.equal(await kcat(['-C', '-t', 'timed', '-p', '0', '-o', '-1', '-e', '-q']), 'b\n')
  })
})
