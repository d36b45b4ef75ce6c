/** `ottla log verify`: what is wrong with a data directory, for people a line each, for programs a JSON object each. */

import { relative, resolve } from 'node:path'
import { type Finding, type Severity, type VerifiedPartition, verifyDirectory } from '@ottla/log'
import { exitStatus } from './exit-status.ts'
import { reportFailure } from './failure.ts'

/** Resolves to the exit status: failed where something is damaged. */
export async function verify(directory: string, { json = false }: { json?: boolean }): Promise<number> {
  const path = resolve(directory)
  const counts: Record<Severity, number> = { damage: 0, mendable: 0, notice: 0 }
  const print = (fields: object, line: string) => process.stdout.write(`${json ? JSON.stringify(fields) : line}\n`)
  try {
    const partitions = await verifyDirectory({
      path,
      report: finding => {
        counts[finding.severity]++
        print({ type: 'finding', ...finding }, describe(finding, path))
      },
      ...(json && { onPartition: partition => print({ type: 'partition', ...partition }, '') }),
    })
    const total = totalOf(partitions)
    print({ type: 'total', ...total, ...counts }, summaryOf(total, counts))
    return counts.damage > 0 ? exitStatus.failed : exitStatus.ok
  } catch (error) {
    return reportFailure(error)
  }
}

function describe({ severity, path, positionInBytes, message }: Finding, directory: string): string {
  const place = positionInBytes === undefined ? '' : ` at byte ${positionInBytes}`
  return `${severity.padEnd(8)}  ${relative(directory, path) || '.'}${place}: ${message}`
}

type Total = ReturnType<typeof totalOf>

function totalOf(partitions: readonly VerifiedPartition[]) {
  const sum = (of: (partition: VerifiedPartition) => number) => partitions.reduce((total, each) => total + of(each), 0)
  return {
    partitions: partitions.length,
    segments: sum(({ segments }) => segments),
    batches: sum(({ batches }) => batches),
    records: sum(({ records }) => records),
    bytes: sum(({ bytes }) => bytes),
  }
}

function summaryOf(total: Total, { damage, mendable }: Record<Severity, number>): string {
  const { partitions, segments, batches, records, bytes } = total
  const looked = `${partitions} partitions, ${segments} segments, ${batches} record batches, ${records} records, ${bytes} bytes`
  if (damage > 0) {
    return `${looked}: ${damage} damaged. See \`ottla log repair\`, or restore what is damaged from a backup`
  }
  return mendable > 0 ? `${looked}: no damage; the next start mends ${mendable} things` : `${looked}: nothing is wrong`
}
