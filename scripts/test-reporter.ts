/**
 * Reporter of node:test that `scripts/test.ts` gives to every test file: one JSON line for each test that ended, and one
 * `{"type":"end"}` when the file has run to its end. A file without that last line has crashed or left early.
 */
import { inspect } from 'node:util'

export type TestLine =
  | { type: 'passed'; name: string }
  | { type: 'skipped'; name: string; reason: string }
  | { type: 'failed'; name: string; message: string }
  | { type: 'end' }

type Outcome = {
  type: string
  data: {
    name: string
    skip?: string | boolean
    todo?: string | boolean
    file?: string
    details?: { type?: string; error?: Error & { failureType?: string } }
  }
}

export default async function* report(events: AsyncIterable<Outcome>): AsyncGenerator<string> {
  for await (const event of events) {
    const line = lineOf(event)
    if (line !== undefined) yield `${JSON.stringify(line)}\n`
  }
}

function lineOf({ type, data }: Outcome): TestLine | undefined {
  if (type === 'test:summary') return { type: 'end' }
  const { name, skip, todo, details } = data
  if (type === 'test:fail') {
    const error = details?.error
    // The test or suite around a failed one: what failed inside has its own line.
    if (error?.failureType === 'subtestsFailed') return undefined
    const cause = error?.cause ?? error
    return { type: 'failed', name, message: typeof cause === 'string' ? cause : inspect(cause) }
  }
  if (type !== 'test:pass') return undefined
  const reason = skip ?? todo
  if (reason !== undefined && reason !== false) {
    return { type: 'skipped', name, reason: typeof reason === 'string' && reason !== '' ? reason : 'no reason given' }
  }
  return details?.type === 'suite' ? undefined : { type: 'passed', name }
}
