import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../logger.ts'
import { escapingLogger } from './escaping-logger.ts'

test('escapes what would break out of a log line, and leaves everything else as it is', () => {
  const lines: [object, string][] = []
  const logger = escapingLogger({ ...silentLogger, info: (fields, message) => void lines.push([fields, message]) })
  const err = new Error('a\nb')
  logger.info({ group: 'a\nb', members: ['c\u001b[2J', 'd'], count: 3, none: null, err }, 'message')
  assert.deepEqual(lines, [
    [{ group: 'a\\u{a}b', members: ['c\\u{1b}[2J', 'd'], count: 3, none: null, err }, 'message'],
  ])
})
