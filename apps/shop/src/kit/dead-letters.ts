/**
 * Pattern: dead-letter topic, only for what can never be understood. The record goes there as it came, with headers that say
 * where it was and what is wrong, and is acknowledged by the log before its offset is committed: set aside, never lost.
 * The service keeps a copy in its own database, for the people who decide about it (dead-letter-tools.ts).
 */
import { type Message, ProduceAcks, Producer } from '@platformatic/kafka'
import type { Kysely } from 'kysely'
import { type ClientSettings, clientOptions } from './kafka.ts'
import type { KitTables } from './schema.ts'

type Reason = { groupId: string; error: Error; at: Date }

export class DeadLetters {
  readonly #topic: string
  readonly #client: ClientSettings
  readonly #database: Kysely<KitTables>
  #producer: Producer | undefined

  constructor(options: { topic: string; client: ClientSettings; database: Kysely<KitTables> }) {
    this.#topic = options.topic
    this.#client = options.client
    this.#database = options.database
  }

  /** @throws when the log does not take it: the caller must not go on */
  async put(message: Message, reason: Reason): Promise<void> {
    const headers = new Map(message.headers)
    const notes = {
      'dead-topic': message.topic,
      'dead-partition': String(message.partition),
      'dead-offset': String(message.offset),
      'dead-group': reason.groupId,
      'dead-error': reason.error.name,
      'dead-message': reason.error.message,
      'dead-at': reason.at.toISOString(),
    }
    for (const [name, value] of Object.entries(notes)) headers.set(Buffer.from(name), Buffer.from(value))
    this.#producer ??= new Producer(clientOptions(this.#client))
    try {
      await this.#producer.send({
        acks: ProduceAcks.ALL,
        idempotent: true,
        messages: [{ topic: this.#topic, key: message.key, value: message.value, headers }],
      })
    } catch (error) {
      await this.close()
      throw error
    }
    await this.#keep(message, reason)
  }

  /** A record read again (a crash came between this and its commit) is on the topic twice, and here once. */
  async #keep({ topic, partition, offset, key, value, headers }: Message, { error, at }: Reason): Promise<void> {
    await this.#database
      .insertInto('dead_letters')
      .values({
        id: `${topic}-${partition}-${offset}`,
        topic,
        partition,
        offset: Number(offset),
        // The client hands out null for what the record does not have, whatever its types say.
        key: (key as Buffer | null) ?? null,
        value: (value as Buffer | null) ?? null,
        headers: JSON.stringify([...headers].map(pair => pair.map(bytes => bytes.toString('base64')))),
        error: error.message,
        at: at.toISOString(),
        state: 'open',
      })
      .onConflict(conflict => conflict.doNothing())
      .execute()
  }

  async close(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await producer?.close(true)
  }
}
