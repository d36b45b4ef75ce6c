/** `ottla doctor`: what is wrong between this machine and a cluster, and what to do. */

import { diagnose, type Finding } from '../../client/diagnosis.ts'
import { exitStatus } from '../exit-status.ts'
import { printJson, reportClientFailure } from './output.ts'
import type { ClientOptions } from './session.ts'

const signs = { ok: '✓', warning: '!', fault: '✗' } as const

/** Resolves to the exit status: failed where a fault was found. */
export async function doctor({ brokers, timeout, json }: ClientOptions): Promise<number> {
  let faults = 0
  const note = (finding: Finding): void => {
    if (finding.level === 'fault') faults++
    if (json) {
      printJson(finding)
      return
    }
    const { level, subject, what, advice } = finding
    process.stdout.write(`${signs[level]} ${subject}: ${what}\n${advice && `    ${advice}.\n`}`)
  }
  try {
    await diagnose(brokers, timeout * 1000, note)
  } catch (error) {
    return reportClientFailure(error)
  }
  return faults === 0 ? exitStatus.ok : exitStatus.failed
}
