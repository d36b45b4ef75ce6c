/**
 * Consume, transform, produce: reads a topic and writes each record into another one, in transactions that also hold how far it has
 * read. In a process of its own, so that it can be killed at any moment; whatever goes wrong ends it, and the next one goes on. The client
 * is kafkajs: @platformatic/kafka can't take up a transactional id that was used before. Run as a script it copies until it is killed; imported it offers `startCopier`.
 *
 *   node copier-process.ts ADDRESS GROUP FROM TO
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { kafkajsClient } from './kafkajs-client.ts'

export interface CopierOptions {
  readonly address: string
  readonly groupId: string
  readonly from: string
  readonly to: string
}

export interface Copier {
  /** SIGKILL, if it is still there. */
  kill(): Promise<void>
}

/** Starts another one whenever one ends by itself, as a supervisor does. */
export function startCopier({ address, groupId, from, to }: CopierOptions): Copier {
  let isKilled = false
  let child: ChildProcess
  const start = (): void => {
    child = spawn(process.execPath, [import.meta.filename, address, groupId, from, to], {
      stdio: ['ignore', 'ignore', 'ignore'],
    })
    child.once('exit', () => {
      if (!isKilled) start()
    })
  }
  start()
  return {
    async kill() {
      isKilled = true
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** Small, so that there are many transactions. */
const maxBytes = 1_000
const sessionTimeoutMs = 2_000
export const transform = (value: string): string => value.toUpperCase()

async function copy({ address, groupId, from, to }: CopierOptions): Promise<void> {
  const kafka = kafkajsClient(address)
  // First: it ends what a killed one has left open, so that the offsets that are read next are final.
  const producer = kafka.producer({ transactionalId: groupId, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const consumer = kafka.consumer({
    ...{ groupId, sessionTimeout: sessionTimeoutMs, heartbeatInterval: 200, readUncommitted: false },
    ...{ maxBytesPerPartition: maxBytes, maxWaitTimeInMs: 100, retry: { retries: 0 } },
  })
  consumer.on(consumer.events.CRASH, () => process.exit(1))
  await consumer.connect()
  await consumer.subscribe({ topic: from, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      const { partition, messages } = batch
      const transaction = await producer.transaction()
      await transaction.send({
        topic: to,
        messages: messages.map(({ key, value }) => ({ partition, key, value: transform(String(value)) })),
      })
      const offset = String(BigInt(batch.lastOffset()) + 1n)
      await transaction.sendOffsets({
        consumerGroupId: groupId,
        topics: [{ topic: from, partitions: [{ partition, offset }] }],
      })
      await transaction.commit()
    },
  })
}

if (import.meta.main) {
  const [address, groupId, from, to] = process.argv.slice(2) as [string, string, string, string]
  await copy({ address, groupId, from, to })
}
