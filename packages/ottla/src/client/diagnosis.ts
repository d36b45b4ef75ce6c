/**
 * What stands between a client and a cluster, found out step by step from the outside: name, port, protocol, advertised addresses, APIs,
 * partitions, clocks, disks. Each finding says what was seen and what to do about it. Changes nothing.
 */

import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describeLogDirs, errorName, fetch, metadata, produce } from '@ottla/protocol'
import { type BrokerAddress, BrokerConnection } from './broker-connection.ts'
import { noteClocks } from './clock-check.ts'
import type { ClusterMetadata } from './cluster.ts'
import { TimedOutError } from './errors.ts'

export interface Finding {
  readonly level: 'ok' | 'warning' | 'fault'
  /** What was looked at: `127.0.0.1:9092`, `broker 1`, `orders-0`. */
  readonly subject: string
  readonly what: string
  /** Empty where nothing is wrong. */
  readonly advice: string
}

export type Note = (finding: Finding) => void

/** Below it, a disk is as good as full: segments and indexes need room for a while. */
const scarceFraction = 0.05
const newestHeaderlessFetch = 4
const newestBatches = 3

/** Calls `note` with each finding as it is made. */
export async function diagnose(addresses: readonly BrokerAddress[], timeoutMs: number, note: Note): Promise<void> {
  let found: { connection: BrokerConnection; view: ClusterMetadata } | null = null
  for (const address of addresses) {
    const connection = await reach(address, nameOf(address), { timeoutMs, note })
    if (connection === null) continue
    const view = await viewOf(connection)
    if (found === null) found = { connection, view }
    else {
      if (view.clusterId !== found.view.clusterId) {
        const what = `it belongs to cluster ${view.clusterId}, the one before to ${found.view.clusterId}`
        note(fault(nameOf(address), what, 'Name brokers of one cluster only'))
      }
      connection.close()
    }
  }
  if (found === null) return
  const { connection, view } = found
  const brokers = new Map<number, BrokerConnection>()
  noteApis(connection, note)
  for (const { nodeId, host, port } of view.brokers) {
    const advertised = { host, port }
    if (host === connection.address.host && port === connection.address.port) {
      brokers.set(nodeId, connection)
      continue
    }
    const reached = await reach(advertised, `broker ${nodeId}, which says it is at ${nameOf(advertised)}`, {
      timeoutMs,
      note,
      advice: `Clients go where the broker tells them: set its advertised.listeners to an address that they can reach`,
    })
    if (reached !== null) brokers.set(nodeId, reached)
  }
  notePartitions(view, note)
  await noteClocks(brokers, view, note)
  // Where no advertised address leads anywhere, the one broker that was reached still tells of its own.
  for (const broker of brokers.size > 0 ? brokers.values() : [connection]) await noteDisks(broker, note)
  for (const open of new Set([connection, ...brokers.values()])) open.close()
}

/** Null: it can't be used, and why has been noted. */
async function reach(
  address: BrokerAddress,
  subject: string,
  { timeoutMs, note, advice }: { timeoutMs: number; note: Note; advice?: string },
): Promise<BrokerConnection | null> {
  try {
    await lookup(address.host)
  } catch {
    note(
      fault(
        subject,
        `the name ${address.host} has no address here`,
        advice ?? 'Check how it is spelt, and what this machine asks for names',
      ),
    )
    return null
  }
  try {
    const connection = await BrokerConnection.open(address, { timeoutMs })
    note({ level: 'ok', subject, what: 'answers', advice: '' })
    return connection
  } catch (error) {
    note(await explain(address, subject, { error: error as Error, timeoutMs, advice }))
    return null
  }
}

async function explain(
  address: BrokerAddress,
  subject: string,
  { error, timeoutMs, advice }: { error: Error; timeoutMs: number; advice: string | undefined },
): Promise<Finding> {
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') {
    return fault(subject, 'nothing listens there', advice ?? 'Start the broker, or name the port of its listener')
  }
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'ETIMEDOUT') {
    return fault(subject, 'this machine has no way there', advice ?? 'Check the network between, and firewalls')
  }
  const answer = await firstAnswer(address, timeoutMs)
  if (answer.toString('latin1', 0, 5) === 'HTTP/') {
    return fault(subject, 'it is a web server', "Name the port of the broker's listener, not that of its page")
  }
  if (await speaksTls(address, timeoutMs)) {
    return fault(subject, 'the listener speaks TLS', 'Name a listener without TLS: this version speaks none')
  }
  if (error instanceof TimedOutError) {
    const what = `the port is open, but nothing answers within ${timeoutMs} ms`
    return fault(
      subject,
      what,
      'Is it a Kafka broker? One that is starting or stopped (SIGSTOP) looks the same: try again',
    )
  }
  const what = answer.length === 0 ? 'it closes the connection without a word' : error.message
  return fault(subject, what, 'Is it a Kafka broker? A listener with TLS or SASL does that, too')
}

/** Whether a TLS handshake is understood, successful or not. */
function speaksTls({ host, port }: BrokerAddress, timeoutMs: number): Promise<boolean> {
  return new Promise(resolve => {
    // Only the language counts here, not whom we speak with: nothing is sent.
    const socket = connectTls({ host, port, rejectUnauthorized: false })
    const done = (speaks: boolean): void => {
      socket.destroy()
      resolve(speaks)
    }
    socket.setTimeout(timeoutMs, () => done(false))
    socket.on('secureConnect', () => done(true))
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code?.includes('ALERT') ?? false))
    socket.on('close', () => done(false))
  })
}

/** What comes back to an HTTP request. Empty: nothing. */
function firstAnswer({ host, port }: BrokerAddress, timeoutMs: number): Promise<Buffer> {
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const done = (answer: Buffer): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeoutMs, () => done(Buffer.alloc(0)))
    socket.on('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'))
    socket.on('data', done)
    socket.on('error', () => done(Buffer.alloc(0)))
    socket.on('close', () => done(Buffer.alloc(0)))
  })
}

async function viewOf(connection: BrokerConnection): Promise<ClusterMetadata> {
  return connection.request(metadata, { topics: null, allowAutoTopicCreation: false })
}

function noteApis(connection: BrokerConnection, note: Note): void {
  const subject = nameOf(connection.address)
  try {
    const isOld = connection.versionOf(produce) < newestBatches || connection.versionOf(fetch) < newestHeaderlessFetch
    if (isOld)
      note(fault(subject, 'it is older than Kafka 0.11', 'Clients of today need its record format: use a newer broker'))
    else note({ level: 'ok', subject, what: 'serves what clients of today need', advice: '' })
  } catch (error) {
    note(fault(subject, (error as Error).message, 'Use a broker of Kafka 0.11 or later'))
  }
}

function notePartitions({ topics, brokers }: ClusterMetadata, note: Note): void {
  let count = 0
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, errorCode, leaderId, replicaNodes, isrNodes } of partitions) {
      count++
      const subject = `${name}-${partitionIndex}`
      if (leaderId < 0 || !brokers.some(({ nodeId }) => nodeId === leaderId)) {
        const what = `it has no leader (${errorName(errorCode)}): it can be neither written nor read`
        note(
          fault(
            subject,
            what,
            'Look into the log of its brokers: one is down, or its disk is damaged (ottla log verify)',
          ),
        )
      } else if (isrNodes.length < replicaNodes.length) {
        const what = `${isrNodes.length} of ${replicaNodes.length} replicas are in sync`
        note({ level: 'warning', subject, what, advice: 'Look whether a broker is down or cannot keep up' })
      }
    }
  }
  note({ level: 'ok', subject: 'partitions', what: `${count} looked at, in ${topics.length} topics`, advice: '' })
}

async function noteDisks(connection: BrokerConnection, note: Note): Promise<void> {
  const subject = `disk of ${nameOf(connection.address)}`
  try {
    const { results } = await connection.request(describeLogDirs, { topics: [] })
    for (const { errorCode, logDir, totalBytes, usableBytes } of results) {
      const [total, usable] = [Number(totalBytes), Number(usableBytes)]
      if (errorCode !== 0) note(fault(subject, `${logDir} is offline (${errorName(errorCode)})`, 'Look into its log'))
      else if (total > 0 && usable / total < scarceFraction) {
        const what = `${logDir} has ${Math.round(usable / 2 ** 20)} MiB left of ${Math.round(total / 2 ** 20)}`
        note(fault(subject, what, 'Make room, or shorten retention.ms and retention.bytes of large topics'))
      } else
        note({
          level: 'ok',
          subject,
          what: total > 0 ? `${Math.round((usable / total) * 100)} % free` : 'online',
          advice: '',
        })
    }
  } catch (error) {
    note({ level: 'warning', subject, what: `can't be asked: ${(error as Error).message}`, advice: '' })
  }
}

function fault(subject: string, what: string, advice: string): Finding {
  return { level: 'fault', subject, what, advice }
}

function nameOf({ host, port }: BrokerAddress): string {
  return `${host}:${port}`
}
