import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseProperties } from './properties.ts'

const parsed = (text: string): Record<string, string> => Object.fromEntries(parseProperties(text))

test('reads names and values by any of the three separators', () => {
  assert.deepEqual(parsed('a=1\nb: 2\nc 3\nd = 4 \n  e\t:\t5\nf\n'), { a: '1', b: '2', c: '3', d: '4 ', e: '5', f: '' })
})

test('passes over comments and blank lines, whatever ends the lines', () => {
  assert.deepEqual(parsed('# a=1\r\n! b=2\r\n\r\n  \rc=3\r\n'), { c: '3' })
})

test('joins continued lines and drops what indents them', () => {
  assert.deepEqual(parsed('a=1,\\\n   2,\\\r\n\t3\nb=4'), { a: '1,2,3', b: '4' })
})

test('takes an even number of backslashes at the end for themselves', () => {
  assert.deepEqual(parsed('path=c:\\\\\nb=1'), { path: 'c:\\', b: '1' })
})

test('resolves escapes in names and values', () => {
  assert.deepEqual(parsed('a\\ b\\=c=\\u00e9\\t\\:\\q\\\\'), { 'a b=c': 'é\t:q\\' })
})

test('lets the later line win', () => {
  assert.deepEqual(parsed('a=1\na=2'), { a: '2' })
})

test('keeps separators inside a value', () => {
  assert.deepEqual(parsed('listeners=PLAINTEXT://:9092,CONTROLLER://:9093\nx==y'), {
    listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    x: '=y',
  })
})

test('never throws', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => void parseProperties(text)))
})
