/**
 * Pattern: dead-letter topic, only for what can never be understood. The record goes there as it came, with headers that say
 * where it was and what is wrong, and is acknowledged by the log before its offset is committed: set aside, never lost.
 */
import { type Message, ProduceAcks, Producer } from '@platformatic/kafka'
import { type ClientSettings, clientOptions } from './kafka.ts'

export class DeadLetters {
  readonly #topic: string
  readonly #client: ClientSettings
  #producer: Producer | undefined

  constructor(options: { topic: string; client: ClientSettings }) {
    this.#topic = options.topic
    this.#client = options.client
  }

  /** @throws when the log does not take it: the caller must not go on */
  async put(message: Message, reason: { groupId: string; error: Error; at: Date }): Promise<void> {
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
  }

  async close(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await producer?.close(true)
  }
}
