/** Why a command failed, in one line on standard error. A bug keeps its stack. */

import { StorageError } from '@ottla/log'
import { exitStatus } from './exit-status.ts'

/** Returns the exit status. */
export function reportFailure(error: unknown): number {
  const reason = error instanceof StorageError ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`ottla: ${reason}\n`)
  return exitStatus.failed
}
