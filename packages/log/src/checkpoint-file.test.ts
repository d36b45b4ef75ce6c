import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatEpochCheckpoint,
  formatOffsetCheckpoint,
  parseEpochCheckpoint,
  parseOffsetCheckpoint,
} from './checkpoint-file.ts'

const entries = [
  { topic: 'orders', partition: 0, offset: 42 },
  { topic: 'a-b.c_d', partition: 11, offset: 2 ** 53 - 1 },
]

test('writes and reads Kafka checkpoints', () => {
  const content = formatOffsetCheckpoint(entries)
  assert.equal(content.toString(), '0\n2\norders 0 42\na-b.c_d 11 9007199254740991\n')
  assert.deepEqual(parseOffsetCheckpoint(content), entries)
  assert.equal(formatOffsetCheckpoint([]).toString(), '0\n0\n')
  const epochs = [{ epoch: 3, startOffset: 7 }]
  assert.equal(formatEpochCheckpoint(epochs).toString(), '0\n1\n3 7\n')
  assert.deepEqual(parseEpochCheckpoint(formatEpochCheckpoint(epochs)), epochs)
})

test('refuses every part of a checkpoint that is not all of it', () => {
  const whole = formatOffsetCheckpoint(entries)
  // Without the last line's end, the last digits may be missing: only the count of lines can be told.
  for (let size = 0; size < whole.length - '9007199254740991\n'.length; size++) {
    assert.throws(() => parseOffsetCheckpoint(whole.subarray(0, size)), Error, `${size} bytes`)
  }
})

test('refuses other versions, counts and words', () => {
  for (const text of [
    '1\n0\n',
    '0\n1\n',
    '0\n0\norders 0 1\n',
    '0\n1\norders x 1\n',
    '0\n1\norders 0 -1\n',
    '0\n-1\n',
    '',
  ]) {
    assert.throws(() => parseOffsetCheckpoint(Buffer.from(text)), Error, JSON.stringify(text))
  }
  assert.throws(() => parseEpochCheckpoint(Buffer.from('0\n1\n1 2 3\n')))
})
