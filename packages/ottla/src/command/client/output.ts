/** What commands print: tables for people, one JSON object a line for programs. Data to standard output, all else to standard error. */

import { KafkaError } from '@ottla/protocol'
import { describe } from '../../client/cluster.ts'
import { NotFoundError, RefusedError, TimedOutError, UnreachableError } from '../../client/errors.ts'
import { exitStatus } from '../exit-status.ts'

export type Cell = string | number | null

/** Columns as wide as they must be, numbers to the right; nothing but spaces between them, so that other tools can take them apart. */
export function printTable(header: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const lines = [header, ...rows.map(row => row.map(cell => (cell === null ? '-' : String(cell))))]
  const widths = header.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  const isNumber = header.map((_, column) => rows.length > 0 && rows.every(row => typeof row[column] !== 'string'))
  for (const line of lines) {
    const cells = line.map((text, column) =>
      isNumber[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
    )
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`)
  }
}

export function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Says why in one line, and answers the exit status. A bug keeps its stack. */
export function reportClientFailure(error: unknown): number {
  if (error instanceof NotFoundError) return say(error.message, exitStatus.notFound)
  if (error instanceof UnreachableError) return say(error.message, exitStatus.unreachable)
  if (error instanceof TimedOutError) return say(error.message, exitStatus.timedOut)
  if (error instanceof RefusedError) return say(error.message, exitStatus.failed)
  if (error instanceof KafkaError) return say(describe(error), exitStatus.failed)
  return say(error instanceof Error ? (error.stack ?? error.message) : String(error), exitStatus.failed)
}

function say(reason: string, status: number): number {
  note(`ottla: ${reason}`)
  return status
}
