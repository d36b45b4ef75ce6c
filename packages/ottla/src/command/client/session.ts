/** What every command against a cluster does first and last: find the brokers, report a failure, close. */

import { createInterface } from 'node:readline/promises'
import { Cluster } from '../../client/cluster.ts'
import { RefusedError } from '../../client/errors.ts'
import { exitStatus } from '../exit-status.ts'
import { reportClientFailure } from './output.ts'

export interface ClientOptions {
  /** In the order in which they are tried. */
  readonly brokers: readonly { host: string; port: number }[]
  readonly timeout: number
  readonly json?: boolean
}

/** Resolves to the exit status. */
export async function withCluster(options: ClientOptions, work: (cluster: Cluster) => Promise<void>): Promise<number> {
  const cluster = new Cluster({ brokers: options.brokers, timeoutMs: options.timeout * 1000 })
  try {
    await work(cluster)
    return exitStatus.ok
  } catch (error) {
    return reportClientFailure(error)
  } finally {
    cluster.close()
  }
}

/** Rejects with a RefusedError unless a person at a terminal, or `--yes`, says yes. */
export async function confirm(what: string, { yes }: { yes?: boolean }): Promise<void> {
  if (yes) return
  if (!process.stdin.isTTY) throw new RefusedError(`${what}: add --yes to do it`)
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await prompt.question(`${what}. Go on? [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw new RefusedError('Nothing was changed')
  } finally {
    prompt.close()
  }
}
