/** Kafka's `kafka-dump-log` reads every file that we write, and finds nothing wrong. */
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, test } from 'node:test'
import { whyNoApacheKafka } from '../apache-kafka/installation.ts'
import { runTool, tryTool } from '../apache-kafka/tools.ts'
import type { Codec } from '../support/client.ts'
import { platformaticKind } from '../support/platformatic-client.ts'
import { isApacheKafka, startServerUnderTest } from '../support/server-under-test.ts'
import { until } from '../support/until.ts'

const RECORDS = 600

describe('kafka-dump-log', { skip: await whyNoApacheKafka(), concurrency: 1 }, () => {
  test('reads every file of a directory that clients filled, deep iteration included, and finds nothing wrong', async () => {
    // A small and dense index: a segment rolls when its index is full, so a few records make many files.
    const server = await startServerUnderTest({
      'log.index.size.max.bytes': 48,
      'log.index.interval.bytes': 1_024,
      'offsets.topic.num.partitions': 2,
      'metadata.log.max.record.bytes.between.snapshots': 1_000,
    })
    try {
      const client = await platformaticKind.connect(server.address)
      for (const codec of platformaticKind.codecs) await fill(client, codec)
      let committed = 0
      const member = await client.join({
        groupId: 'readers',
        topic: 'dump-gzip',
        onRecord: () => undefined,
        onCommitted: () => {
          committed += 1
        },
      })
      await until('the group has read and committed', () => committed >= RECORDS)
      await member.leave()
      await client.close()

      // Once as a crash leaves it, and once as a clean stop does.
      await server.stop('SIGKILL')
      // Apache Kafka's own preallocated index files, cut by a kill, are too much for its own tool.
      if (!isApacheKafka) await dumpAll(server.dataDirectory)
      await server.start()
      await server.stop('SIGTERM')
      await dumpAll(server.dataDirectory)
    } finally {
      await server.close()
    }
  })
})

async function fill(client: Awaited<ReturnType<typeof platformaticKind.connect>>, codec: Codec): Promise<void> {
  const topic = `dump-${codec}`
  await client.createTopic(topic, 1)
  for (let start = 0; start < RECORDS; start += 20) {
    const records = Array.from({ length: 20 }, (_, index) => ({
      key: `key ${start + index}`,
      value: `${start + index} ${Math.random().toString(36).repeat(10)}`,
      headers: { codec },
    }))
    await client.send(topic, records, { codec, idempotent: start % 40 === 0 })
  }
}

async function dumpAll(directory: string): Promise<void> {
  const logs = globSync(`${directory}/*/*.log`).sort()
  const others = globSync([`${directory}/*/*.index`, `${directory}/*/*.timeindex`, `${directory}/*/*.snapshot`]).sort()
  assert.ok(logs.filter(path => path.includes('/dump-none-0/')).length > 3, 'segments have rolled')
  assert.ok(others.some(path => path.endsWith('.index')) && others.some(path => path.endsWith('.snapshot')))

  const deep = await dump([...logs, ...others], ['--deep-iteration', '--print-data-log'])
  assert.equal(deep.match(/\| offset: \d+ .*headerKeys: \[codec\]/g)?.length, RECORDS * 5, 'every record is there')
  assert.doesNotMatch(deep, /isvalid: false/)
  for (const name of logs.map(path => basename(path))) assert.ok(deep.includes(name), `${name} is dumped`)

  const offsets = logs.filter(path => path.includes('/__consumer_offsets-'))
  assert.ok(offsets.length > 0)
  const decoded = await runTool('dump-log', ['--offsets-decoder', '--files', offsets.join(',')])
  assert.match(decoded, /"group":"readers"/)

  const metadata = logs.filter(path => path.includes('/__cluster_metadata-'))
  const snapshots = globSync(`${directory}/__cluster_metadata-0/*.checkpoint`)
  assert.ok(metadata.length > 0 && (isApacheKafka || snapshots.length > 0))
  const said = await runTool('dump-log', [
    '--cluster-metadata-decoder',
    '--files',
    [...metadata, ...snapshots].join(','),
  ])
  assert.match(said, /"name":"dump-gzip"/)
  if (isApacheKafka) return
  assert.match(said, /SnapshotHeader \{.*SnapshotFooter \{/s)
  assert.doesNotMatch(said, /isvalid: false/)
}

/** The tool's output; fails on each of the ways in which it reports damage. */
async function dump(files: string[], options: string[]): Promise<string> {
  const { status, stdout, stderr } = await tryTool('dump-log', [...options, '--files', files.join(',')], {
    timeoutMs: 120_000,
  })
  // The tool's own slip: it expects every file to begin with offset 0.
  const said = `${stdout}\n${stderr}`.replaceAll(/^Non-consecutive offsets in .*\n\s*-1 is followed by \d+$/gm, '')
  assert.equal(status, 0, said.slice(-4_000))
  assert.doesNotMatch(
    said,
    /Found timestamp mismatch|Found out of order timestamp|Non-consecutive offsets|Index offset mismatch|Mismatches in|Found unexpected|exception/i,
  )
  return stdout
}
