/**
 * A group member in a process of its own, so that it can be killed. Run as a script it joins and prints one JSON line for
 * each record whose commit was answered; imported it offers `startMemberProcess`.
 *
 *   node group-member-process.ts CLIENT ADDRESS GROUP TOPIC SESSION_TIMEOUT_MS
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { ClientKind, ReceivedRecord } from './client.ts'
import { kafkajsKind } from './kafkajs-client.ts'
import { platformaticKind } from './platformatic-client.ts'

export type MemberProcess = {
  readonly records: ReceivedRecord[]
  /** SIGKILL: the member says nothing to anybody any more. */
  kill(): Promise<void>
}

type StartOptions = { kind: ClientKind; address: string; groupId: string; topic: string; sessionTimeoutMs: number }

export async function startMemberProcess(options: StartOptions): Promise<MemberProcess> {
  const { kind, address, groupId, topic, sessionTimeoutMs } = options
  const args = [import.meta.filename, kind.name, address, groupId, topic, String(sessionTimeoutMs)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const records: ReceivedRecord[] = []
  const joined = Promise.withResolvers<void>()
  child.once('exit', () => joined.reject(new Error('the member process ended')))
  createInterface({ input: child.stdout }).on('line', line => {
    if (line === 'joined') joined.resolve()
    else records.push(JSON.parse(line) as ReceivedRecord)
  })
  await joined.promise
  return {
    records,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

if (import.meta.main) {
  const [name, address, groupId, topic, sessionTimeoutMs] = process.argv.slice(2) as [
    string,
    string,
    string,
    string,
    string,
  ]
  const kind = [kafkajsKind, platformaticKind].find(candidate => candidate.name === name)!
  const client = await kind.connect(address)
  await client.join({
    groupId,
    topic,
    sessionTimeoutMs: Number(sessionTimeoutMs),
    onRecord: () => undefined,
    onCommitted: record => process.stdout.write(`${JSON.stringify(record)}\n`),
  })
  process.stdout.write('joined\n')
}
