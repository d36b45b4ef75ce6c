/**
 * Topics that members read by a regular expression (KIP-848): RE2's syntax, as in Kafka, matched against whole names in linear time,
 * whatever a client sends. The engine is loaded when the first member asks for it.
 */

import { KafkaError } from '@ottla/protocol'
import type { RE2JS } from 're2js'
import { assert } from '../assert.ts'
import type { ResolvedExpression } from './consumer-records.ts'
import type { TopicCatalog } from './topics.ts'

let engine: typeof RE2JS | null = null

/** To be awaited before expressions are used; costs nothing the second time. */
export async function loadExpressionEngine(): Promise<void> {
  if (engine === null) engine = (await import('re2js')).RE2JS
}

/** @throws KafkaError INVALID_REGULAR_EXPRESSION */
export function resolveExpression(options: {
  expression: string
  topics: TopicCatalog
  nowMs: number
}): ResolvedExpression {
  const { expression, topics, nowMs } = options
  const pattern = compile(expression)
  const matching = [...topics.names()].filter(name => pattern.matches(name)).sort()
  return { topics: matching, version: topics.version, timestampMs: nowMs }
}

function compile(expression: string): RE2JS {
  assert(engine !== null, 'a regular expression is used before its engine is loaded')
  try {
    return engine.compile(expression)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new KafkaError(
      'INVALID_REGULAR_EXPRESSION',
      `SubscribedTopicRegex \`${expression}\` is not a valid regular expression: ${reasonOf(error)}.`,
    )
  }
}

/** Of "error parsing regexp: missing closing ): `(`" what Kafka tells: the middle. */
function reasonOf({ message }: Error): string {
  return /^error parsing regexp: (.*?)(?:: `.*)?$/s.exec(message)?.[1] ?? message
}
