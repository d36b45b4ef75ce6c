/**
 * Moves a consumer group to another offset: back, to read again, or forward. A group's position may only be changed while
 * nobody in it reads, so all that read in it stop first, and those that ran run again after.
 */
import { Admin } from '@platformatic/kafka'
import { type ClientSettings, clientOptions, kafkaErrorText } from '../../kit/kafka.ts'
import type { SupervisedProcess } from '../supervisor.ts'

const stopLimitMs = 5000

export class GroupNotEmptyError extends Error {
  override readonly name = 'GroupNotEmptyError'
}

export class GroupMover {
  readonly #client: ClientSettings
  readonly #readers: (group: string) => readonly SupervisedProcess[]

  /** @param options `readers` finds all processes that read as this group */
  constructor(options: { client: ClientSettings; readers: (group: string) => readonly SupervisedProcess[] }) {
    this.#client = options.client
    this.#readers = options.readers
  }

  /** @throws GroupNotEmptyError when the broker refuses because someone still reads */
  async move(group: string, to: { topic: string; partitions: readonly number[]; offset: number }): Promise<void> {
    const reading = this.#readers(group).filter(({ state }) => state === 'running' || state === 'crashed')
    await Promise.all(reading.map(reader => reader.stop(stopLimitMs)))
    try {
      await this.#commit(group, to)
    } finally {
      for (const reader of reading) reader.start()
    }
  }

  async #commit(group: string, to: { topic: string; partitions: readonly number[]; offset: number }): Promise<void> {
    const admin = new Admin({ ...clientOptions(this.#client), retries: 0 })
    const partitionOffsets = to.partitions.map(partition => ({ partition, offset: BigInt(to.offset) }))
    try {
      await admin.alterConsumerGroupOffsets({ groupId: group, topics: [{ name: to.topic, partitionOffsets }] })
    } catch (cause) {
      const text = kafkaErrorText(cause)
      throw new GroupNotEmptyError(`The group ${group} can't be moved: ${text}.`, { cause })
    } finally {
      await admin.close()
    }
  }
}
