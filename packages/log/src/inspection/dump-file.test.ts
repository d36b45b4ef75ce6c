import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import {
  buildEndTransactionMarker,
  buildRecordBatch,
  consumerOffsetsRecords,
  encodeMetadataRecord,
  recordBatches,
} from '@ottla/protocol'
import { appendDurably } from '../testing/batches.ts'
import { logFixture, topicId } from '../testing/log-fixture.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'
import { type DumpEntry, type DumpOptions, dumpFile } from './dump-file.ts'

async function dumped(path: string, options: Partial<DumpOptions> = {}): Promise<DumpEntry[]> {
  const entries: DumpEntry[] = []
  for await (const entry of dumpFile({ path, ...options })) entries.push(entry)
  return entries
}

const types = (entries: DumpEntry[]) => entries.map(({ type }) => type)

async function storedPartition(t: TestContext): Promise<{ path: string; partition: string }> {
  const fixture = await logFixture(t, { config: { segmentBytes: 500, indexIntervalBytes: 50 } })
  const { log, path, directory } = fixture
  for (let i = 0; i < 8; i++) await appendDurably(log, { values: [`value ${i}`, null], timestamp: 1000 + i })
  const records = [{ timestamp: 1000, key: Buffer.from([0, 255]), value: Buffer.from('aborted'), headers: [] }]
  const producer = { producerId: 7, producerEpoch: 2 }
  const batch = buildRecordBatch({ baseOffset: 0, records, transactional: true, baseSequence: 0, ...producer })
  log.append(Buffer.from(batch), { origin: 'client' })
  const marker = { ...producer, baseOffset: 0, result: 'abort', coordinatorEpoch: 5, timestamp: 1000 } as const
  log.append(buildEndTransactionMarker(marker), { origin: 'coordinator' })
  await log.flush()
  await directory.close()
  return { path, partition: `${path}/orders-0` }
}

test('shows every file of a data directory, whatever kind it is', async t => {
  const { path, partition } = await storedPartition(t)
  const seen = new Map<string, string[]>()
  for (const directory of [path, partition]) {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (!entry.isFile() || entry.name === '.lock') continue
      const entries = await dumped(`${directory}/${entry.name}`)
      assert.equal(
        entries.some(({ isDamage }) => isDamage),
        false,
        entry.name,
      )
      seen.set(entry.name.replace(/^\d{20}/, '*'), types(entries))
    }
  }
  assert.deepEqual([...seen.keys()].sort(), [
    '*.index',
    '*.log',
    '*.snapshot',
    '*.timeindex',
    '*.txnindex',
    '.kafka_cleanshutdown',
    '.ottla-boot-id',
    'leader-epoch-checkpoint',
    'log-start-offset-checkpoint',
    'meta.properties',
    'partition.metadata',
    'recovery-point-offset-checkpoint',
  ])
  assert.deepEqual(seen.get('*.txnindex'), ['aborted transaction'])
  assert.deepEqual(seen.get('leader-epoch-checkpoint'), ['epoch'])
})

test('shows batches, records and markers with what they say', async t => {
  const { partition } = await storedPartition(t)
  const [first] = await dumped(`${partition}/00000000000000000000.log`)
  assert.equal(first?.type, 'batch')
  assert.deepEqual([first?.fields.position, first?.fields.baseOffset, first?.fields.lastOffset], [0, 0, 1])
  const logs = (await readdir(partition)).filter(name => name.endsWith('.log')).sort()
  const last = await dumped(`${partition}/${logs.at(-1)}`)
  assert.deepEqual(types(last).slice(-4), ['batch', 'record', 'batch', 'control record'])
  assert.deepEqual(last.at(-1)?.fields.meaning, { type: 'abort', coordinatorEpoch: 5 })
  const [record] = last.filter(({ fields }) => fields.value === 'aborted')
  assert.deepEqual(record?.fields.key, { base64: 'AP8=' })
  const headers = await dumped(`${partition}/${logs.at(-1)}`, { hasRecords: false, fromOffset: 17 })
  assert.deepEqual(types(headers), ['batch'])
})

test('goes on behind damaged bytes and says where they are', async t => {
  const { partition } = await storedPartition(t)
  const path = `${partition}/00000000000000000000.log`
  const content = await readFile(path)
  const [, second, third] = [...recordBatches(content)]
  content[second!.position + 65]! ^= 0xff
  await writeFile(path, content)
  const entries = (await dumped(path, { hasRecords: false })).slice(0, 3)
  assert.deepEqual(types(entries), ['batch', 'invalid', 'batch'])
  const { position, bytes } = entries[1]!.fields
  assert.deepEqual([position, bytes], [second!.position, third!.position - second!.position])
  for (const name of ['00000000000000000000.txnindex', '00000000000000000009.snapshot', 'leader-epoch-checkpoint']) {
    await writeFile(`${partition}/${name}`, Buffer.from('damaged'))
    assert.equal((await dumped(`${partition}/${name}`)).at(-1)?.isDamage, true, name)
  }
})

test('decodes what Kafka keeps in its own topics', async t => {
  const root = await temporaryDirectory(t)
  const offset = consumerOffsetsRecords.encodeKey('offsetCommit', { group: 'payment', topic: 'orders', partition: 1 })
  const value = { offset: 42n, leaderEpoch: 0, metadata: '', commitTimestamp: 1000n, topicId }
  const committed = consumerOffsetsRecords.encodeValue('offsetCommit', value, 4)
  const cases = {
    '__consumer_offsets-3': { key: offset, value: committed },
    '__cluster_metadata-0': { key: null, value: encodeMetadataRecord('topicRecord', { name: 'orders', topicId }, 0) },
  }
  const meanings: unknown[] = []
  for (const [name, record] of Object.entries(cases)) {
    await mkdir(`${root}/${name}`)
    const path = `${root}/${name}/00000000000000000000.log`
    const records = [
      { timestamp: 1, ...record, headers: [] },
      { timestamp: 1, key: Buffer.of(9), value: Buffer.of(9), headers: [] },
    ]
    await writeFile(path, buildRecordBatch({ baseOffset: 0, records }))
    const [, known, unknown] = await dumped(path)
    meanings.push(known?.fields.meaning)
    assert.equal(unknown?.type, 'record')
    assert.equal(unknown?.isDamage, undefined)
  }
  assert.deepEqual((meanings[0] as { key: unknown }).key, { group: 'payment', topic: 'orders', partition: 1 })
  assert.equal((meanings[0] as { value: { offset: unknown } }).value.offset, 42)
  assert.deepEqual(meanings[1], { type: 'topicRecord', version: 0, record: { name: 'orders', topicId } })
})

test('knows files on their way in and out, and refuses what is none of a data directory', async t => {
  const { partition } = await storedPartition(t)
  const path = `${partition}/00000000000000000000.log`
  const before = await dumped(path)
  await rename(path, `${path}.deleted`)
  assert.deepEqual(await dumped(`${path}.deleted`), before)
  await assert.rejects(dumped(path), { code: 'ENOENT' })
  await writeFile(`${partition}/notes.txt`, 'hello')
  await assert.rejects(dumped(`${partition}/notes.txt`), { code: 'UNKNOWN_FILE' })
})
