/** `ottla log repair`: cuts damage out of one partition of a stopped broker's directory, and says what is lost by it. */

import { relative, resolve } from 'node:path'
import { type Repair, repairPartition } from '@ottla/log'
import { exitStatus } from './exit-status.ts'
import { reportFailure } from './failure.ts'

export interface TopicAndPartition {
  topic: string
  partition: number
}

/** Resolves to the exit status: also ok where there was nothing to repair. */
export async function repair(directory: string, { partition }: { partition: TopicAndPartition }): Promise<number> {
  const path = resolve(directory)
  const print = (line: string) => process.stdout.write(`${line}\n`)
  try {
    const onRepair = (done: Repair) => print(describe(done, path))
    const isChanged = await repairPartition({ path, ...partition, onRepair })
    print(
      isChanged
        ? 'Repaired. The next start checks the whole partition and serves it; what was cut out can be removed when it is of no use any more'
        : 'There was nothing to repair, and nothing was changed',
    )
    return exitStatus.ok
  } catch (error) {
    return reportFailure(error)
  }
}

function describe({ path, message, lost }: Repair, directory: string): string {
  const losses = lost ? `. Offsets ${lost.fromOffset} to ${lost.endOffset - 1} are lost` : ''
  return `${relative(directory, path)}: ${message}${losses}`
}
