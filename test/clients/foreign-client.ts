/**
 * A Kafka client in another language: a program that each language's folder has, with three commands, driven from here. They say
 * what they do in lines of JSON on standard output, and consume until they are ended.
 *
 *   create  ADDRESS TOPIC PARTITIONS            {"created": TOPIC}
 *   produce ADDRESS TOPIC FIRST COUNT CODEC     {"produced": COUNT} once all are acknowledged; values are FIRST, FIRST + 1 …
 *   consume ADDRESS TOPIC GROUP PROTOCOL        {"assigned": [0, 2]} whenever that changes, {"consumed": [17, 18]} after their commit
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface ForeignClient {
  readonly name: string
  /** Program and its first arguments. */
  readonly command: readonly [program: string, ...args: string[]]
  readonly codecs: readonly string[]
  /** Group protocols that it speaks. */
  readonly protocols: readonly GroupProtocol[]
}

export type GroupProtocol = 'classic' | 'consumer'

export interface ForeignMember {
  /** Partitions that it has now. */
  readonly assigned: readonly number[]
  /** What it has consumed and committed, in order. */
  readonly consumed: readonly number[]
  /** What went wrong, if anything. */
  readonly errors: string
  kill(): Promise<void>
}

const commandTimeoutMs = 120_000

/** Runs a command to its end; rejects with what it said when it fails. */
export async function runForeign({ command }: ForeignClient, ...args: readonly string[]): Promise<void> {
  const [program, ...first] = command
  const child = spawn(program, [...first, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: commandTimeoutMs })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      output = (output + text).slice(-10_000)
    })
  }
  const [status, signal] = await once(child, 'close')
  if (status !== 0) throw new Error(`${args.join(' ')}: ended with ${status ?? signal}\n${output}`)
}

export interface MemberOptions {
  readonly address: string
  readonly topic: string
  readonly group: string
  readonly protocol: GroupProtocol
}

export function startForeignMember(client: ForeignClient, options: MemberOptions): ForeignMember {
  const [program, ...first] = client.command
  const args = [...first, 'consume', options.address, options.topic, options.group, options.protocol]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const consumed: number[] = []
  let assigned: number[] = []
  let errors = ''
  createInterface({ input: child.stdout }).on('line', line => {
    const said = JSON.parse(line) as { assigned?: number[]; consumed?: number[] }
    if (said.assigned !== undefined) assigned = said.assigned
    consumed.push(...(said.consumed ?? []))
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    errors = (errors + text).slice(-5_000)
  })
  return {
    consumed,
    get assigned() {
      return assigned
    },
    get errors() {
      return errors
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
      assigned = []
    },
  }
}
