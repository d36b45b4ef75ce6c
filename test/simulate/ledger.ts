/** All that the outside world was promised: topics, their records, their configurations, committed offsets, producer ids. */

import { type Attempt, ContractViolation, PartitionLedger } from './partition-ledger.ts'

/**
 * What a value may be: the last one that was acknowledged or seen, or any that was asked for since and whose fate is not known.
 * Only one change of a value is under way at a time.
 */
export class UncertainValue<T> {
  #possible: T[]

  constructor(value: T) {
    this.#possible = [value]
  }

  get possible(): readonly T[] {
    return this.#possible
  }

  asked(value: T): void {
    this.#possible.push(value)
  }

  /** The change that was asked for last has happened (or not, for certain), or the value was seen. */
  settled(value: T): void {
    this.#possible = [value]
  }
}

/** One topic from its creation to its deletion. */
export class TopicLedger {
  readonly name: string
  readonly isVolatile: boolean
  readonly partitions: PartitionLedger[] = []
  /** Null until it is known that it was created. */
  id: string | null = null
  state: 'creating' | 'present' | 'deleting' | 'gone' = 'creating'
  readonly partitionCount: UncertainValue<number>
  readonly configs = new Map<string, UncertainValue<string | null>>()
  readonly #attempts: ReadonlyMap<number, Attempt>

  constructor(options: {
    name: string
    partitionCount: number
    isVolatile: boolean
    attempts: ReadonlyMap<number, Attempt>
  }) {
    this.name = options.name
    this.isVolatile = options.isVolatile
    this.partitionCount = new UncertainValue(options.partitionCount)
    this.#attempts = options.attempts
  }

  partition(index: number): PartitionLedger {
    for (let i = this.partitions.length; i <= index; i++) {
      this.partitions.push(
        new PartitionLedger({ label: () => `${this.name}-${i} (${this.id})`, attempts: this.#attempts }),
      )
    }
    return this.partitions[index]!
  }

  config(name: string): UncertainValue<string | null> {
    let value = this.configs.get(name)
    if (!value) {
      value = new UncertainValue<string | null>(null)
      this.configs.set(name, value)
    }
    return value
  }
}

export class Ledger {
  readonly attempts = new Map<number, Attempt>()
  /** Every topic there ever was; of those with the same name only the last one may be there. */
  readonly topics: TopicLedger[] = []
  readonly #offsets = new Map<string, UncertainValue<number>>()
  readonly #producerIds = new Set<number>()
  acknowledgedBatches = 0

  newAttempt(acks: -1 | 0 | 1, sizes: readonly number[]): Attempt {
    const id = this.attempts.size + 1
    const values = sizes.map((size, index) => `${id}:${index}:${'x'.repeat(size)}`)
    const attempt: Attempt = { id, values, acks, state: 'sent' }
    this.attempts.set(id, attempt)
    return attempt
  }

  newTopic(options: { name: string; partitionCount: number; isVolatile: boolean }): TopicLedger {
    const topic = new TopicLedger({ ...options, attempts: this.attempts })
    this.topics.push(topic)
    return topic
  }

  /** Topics that are certainly there. */
  present(): TopicLedger[] {
    return this.topics.filter(topic => topic.state === 'present')
  }

  /** The committed offset of a group for a partition; -1: none. */
  offset(groupId: string, topic: TopicLedger, partition: number): UncertainValue<number> {
    const key = `${groupId} ${topic.id} ${partition}`
    let value = this.#offsets.get(key)
    if (!value) {
      value = new UncertainValue(-1)
      this.#offsets.set(key, value)
    }
    return value
  }

  producerIdGiven(producerId: number): void {
    if (this.#producerIds.has(producerId)) throw new ContractViolation(`producer id ${producerId} was given twice`)
    this.#producerIds.add(producerId)
  }

  powerWasCut(): void {
    for (const topic of this.topics) for (const partition of topic.partitions) partition.powerWasCut()
  }
}

export function check(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new ContractViolation(message())
}
