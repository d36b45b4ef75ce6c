/** A data directory that Apache Kafka 4.4.0 has written (see fixtures/README.md) is opened by us, with equal records. */

import assert from 'node:assert/strict'
import { cp, readFile, rm } from 'node:fs/promises'
import { test } from 'node:test'
import { LogDirectory } from './log-directory.ts'
import { batchOf, readBatches } from './testing/batches.ts'
import { RecordingLogger } from './testing/recording-logger.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'

interface ExpectedRecord {
  offset: number
  timestamp: number
  key: string | null
  value: string | null
  headerKeys: string[]
}

const fixtures = new URL('../fixtures/', import.meta.url)

for (const stop of ['clean', 'unclean'] as const) {
  test(`reads what Apache Kafka wrote, after ${stop === 'clean' ? 'a clean' : 'an unclean'} stop`, async t => {
    const path = `${await temporaryDirectory(t)}/data`
    await cp(new URL('apache-kafka-4.4.0', fixtures), path, { recursive: true })
    if (stop === 'unclean') {
      await rm(`${path}/.kafka_cleanshutdown`)
      await rm(`${path}/recovery-point-offset-checkpoint`)
    }
    const expected: ExpectedRecord[] = JSON.parse(
      await readFile(new URL('apache-kafka-4.4.0.records.json', fixtures), 'utf8'),
    )
    const directory = await LogDirectory.open({ path, logger: new RecordingLogger() })
    assert.equal(directory.clusterId, 'QUJDREVGR0hJSktMTU5PUA')
    const log = directory.get('from-kafka', 0)!
    assert.equal(log.topicId, 'CFnEgMcJSKCPjKuLDroeKQ')
    assert.deepEqual([log.logStartOffset, log.logEndOffset, log.segmentCount], [0, 60, 3])

    const found: ExpectedRecord[] = []
    for (let offset = 0; offset < log.highWatermark; ) {
      for (const batch of await readBatches(log, { fromOffset: offset, maxBytes: 400 })) {
        assert.ok(batch.isCrcValid())
        for (const record of batch.records({ maxDecompressedBytes: 100_000 })) {
          const { key, value, headers, timestamp } = record
          const headerKeys = headers.map(header => header.key)
          const text = (bytes: Buffer | null) => bytes?.toString() ?? null
          found.push({ offset: record.offset, timestamp, key: text(key), value: text(value), headerKeys })
        }
        offset = batch.nextOffset
      }
    }
    assert.deepEqual(found, expected)

    for (const { timestamp } of expected) {
      const first = expected.findIndex(record => record.timestamp >= timestamp)
      assert.equal((await log.offsetForTimestamp(timestamp))?.offset, first)
    }
    const [producer] = log.activeProducers()
    assert.equal(producer?.batches.at(-1)?.lastSequence, 59)
    const { producerId, producerEpoch } = producer!
    const { baseOffset } = log.append(batchOf({ producerId, producerEpoch, baseSequence: 60 }), { origin: 'client' })
    assert.equal(baseOffset, 60)
    await directory.close()
  })
}
