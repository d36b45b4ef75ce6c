/** The worked example of docs/formats/log-directory.md is what the log writes. Printed by `OTTLA_PRINT=1 node …/worked-example.test.ts`. */

import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { buildEndTransactionMarker, buildRecordBatch } from '@ottla/protocol'
import { logFixture } from './testing/log-fixture.ts'

const document = new URL('../../../docs/formats/log-directory.md', import.meta.url)
const begin = '<!-- worked example: made by packages/log/src/worked-example.test.ts -->\n```\n'

/** Three batches of one record, the last one in a transaction that is aborted; a segment for two batches. */
test('the worked example of docs/formats/log-directory.md is what the log writes', async t => {
  const clock = { now: () => 1_700_000_000_000 }
  const { log, directory, path } = await logFixture(t, {
    config: { segmentBytes: 160, indexIntervalBytes: 1 },
    clock,
    randomBytes: count => Buffer.alloc(count, 7),
  })
  const producer = { producerId: 4711, producerEpoch: 0 }
  for (const [i, value] of ['two mugs', 'three plates', 'a bowl'].entries()) {
    const records = [{ timestamp: 1_700_000_000_000 + i, key: null, value: Buffer.from(value), headers: [] }]
    const batch = { baseOffset: 0, records, ...producer, baseSequence: i, transactional: i === 2 }
    log.append(Buffer.from(buildRecordBatch(batch)), { origin: 'client' })
    await log.flush()
  }
  const marker = {
    baseOffset: 0,
    ...producer,
    result: 'abort',
    coordinatorEpoch: 0,
    timestamp: 1_700_000_000_003,
  } as const
  log.append(buildEndTransactionMarker(marker), { origin: 'coordinator' })
  await log.flush()
  await log.deleteRecordsBefore(1)
  await directory.close()
  const lines: string[] = []
  const binary = /\.(index|timeindex|txnindex|snapshot)$/
  const own = (await readdir(path)).filter(name => name !== 'orders-0' && !name.startsWith('.ottla'))
  const ofPartition = (await readdir(`${path}/orders-0`)).filter(name => !name.endsWith('.log'))
  for (const name of [...ofPartition.sort().map(name => `orders-0/${name}`), ...own.sort()]) {
    const content = await readFile(`${path}/${name}`)
    const isText = !binary.test(name)
    const short = name.replace(/^orders-0\/(0{18})?/, (_, zeroes) => (zeroes ? '…' : ''))
    lines.push(
      `${short.padEnd(32)} ${isText ? JSON.stringify(String(content)) : content.toString('hex').replace(/(.{8})(?=.)/g, '$1 ')}`,
    )
  }
  const made = `${lines.map(line => line.trimEnd()).join('\n')}\n`
  if (process.env.OTTLA_PRINT) console.log(made)
  const text = await readFile(document, 'utf8')
  const at = text.indexOf(begin)
  assert.ok(at >= 0)
  assert.equal(text.slice(at + begin.length, text.indexOf('```', at + begin.length)), made)
})
