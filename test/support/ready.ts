/** Waiting for a broker that says nothing on its own: ask until it names itself. */
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { metadataV1, WireConnection } from './wire.ts'

/**
 * Resolves when the broker on the port answers a Metadata request that names at least one broker. Rejects when the time
 * is up, or as soon as the process behind it has ended.
 */
export async function whenBrokerAnswers(
  port: number,
  options: { timeoutMs: number; child?: ChildProcess },
): Promise<void> {
  const deadline = performance.now() + options.timeoutMs
  const hasEnded = () =>
    options.child !== undefined && (options.child.exitCode !== null || options.child.signalCode !== null)
  while (!(await namesABroker(port))) {
    if (hasEnded()) throw new Error(`the process ended with ${options.child?.exitCode ?? options.child?.signalCode}`)
    if (performance.now() > deadline) throw new Error(`no answer on port ${port} within ${options.timeoutMs} ms`)
    await sleep(5)
  }
}

async function namesABroker(port: number): Promise<boolean> {
  let connection: WireConnection | undefined
  try {
    connection = await WireConnection.open(port)
    const answer = await connection.ask(metadataV1(), 2_000)
    return answer !== undefined && answer.readInt32BE(4) > 0
  } catch {
    return false // not listening yet, or not answering yet: the caller keeps the time
  } finally {
    connection?.close()
  }
}
