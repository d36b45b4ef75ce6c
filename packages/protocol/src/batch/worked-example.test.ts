import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { buildRecordBatch } from './index.ts'

test('the worked example of docs/formats/record-batch.md is what the builder writes', () => {
  const document = readFileSync(new URL('../../../../docs/formats/record-batch.md', import.meta.url), 'utf8')
  const example = document.slice(
    document.lastIndexOf('```\n', document.lastIndexOf('```') - 1) + 4,
    document.lastIndexOf('```'),
  )
  const hex = example
    .split('\n')
    .map(line => line.slice(0, 62).replaceAll(' ', ''))
    .join('')
  const built = buildRecordBatch({
    baseOffset: 1817,
    partitionLeaderEpoch: 3,
    records: [
      { timestamp: 1_700_000_000_000, key: Buffer.from('order-1'), value: Buffer.from('two mugs') },
      {
        timestamp: 1_700_000_000_005,
        key: Buffer.from('order-2'),
        value: null,
        headers: [{ key: 'trace', value: Buffer.from('t1') }],
      },
    ],
  })
  assert.equal(hex, built.toString('hex'))
})
