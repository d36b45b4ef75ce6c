/** `ottla log dump`: what stands in a file of a data directory, a line each, or a JSON object each. */

import { once } from 'node:events'
import { resolve } from 'node:path'
import { type DumpEntry, dumpFile } from '@ottla/log'
import { exitStatus } from './exit-status.ts'
import { reportFailure } from './failure.ts'

export interface DumpCommandOptions {
  json?: boolean
  /** False after `--no-records`. */
  records: boolean
  fromOffset?: number
}

/** Resolves to the exit status: failed where something in the file is damaged. */
export async function dump(file: string, options: DumpCommandOptions): Promise<number> {
  const { json = false, records: hasRecords, fromOffset = 0 } = options
  const format = json ? asJson : asLine
  let isDamaged = false
  try {
    for await (const entry of dumpFile({ path: resolve(file), hasRecords, fromOffset })) {
      isDamaged ||= entry.isDamage === true
      if (!process.stdout.write(`${format(entry)}\n`)) await once(process.stdout, 'drain')
    }
    return isDamaged ? exitStatus.failed : exitStatus.ok
  } catch (error) {
    return reportFailure(error)
  }
}

function asJson({ type, fields }: DumpEntry): string {
  return JSON.stringify({ type, ...fields })
}

/** `record  offset: 5  key: order-7 …`, records one step further in than their batch. */
function asLine({ type, fields }: DumpEntry): string {
  const isRecord = type === 'record' || type === 'control record'
  const parts = Object.entries(fields).map(([name, value]) => `${name}: ${asText(value)}`)
  return `${isRecord ? '  ' : ''}${type}  ${parts.join('  ')}`
}

/** Line ends and control characters must not take over a terminal. */
function asText(value: unknown): string {
  return typeof value === 'string' && /^[\p{L}\p{N}\p{P}\p{S} ]*$/u.test(value) ? value : JSON.stringify(value)
}
