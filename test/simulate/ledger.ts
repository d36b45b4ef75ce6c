/** All that the outside world was promised: topics, their records, their configurations, committed offsets, producer ids. */

import { type Attempt, type AttemptOptions, newAttempt } from './attempt.ts'
import { ContractViolation, PartitionLedger, type TopicRules } from './partition-ledger.ts'
import type { VirtualTime } from './virtual-time.ts'

/**
 * What a value may be: the last one that was acknowledged or seen, or any that was asked for since and whose fate is not known.
 * Only one change of a value is under way at a time: `begin` and `end` see to that where several clients may want to.
 */
export class UncertainValue<T> {
  #possible: T[]
  #isBusy = false

  constructor(value: T) {
    this.#possible = [value]
  }

  /** False when somebody changes or reads it already. */
  begin(): boolean {
    if (this.#isBusy) return false
    this.#isBusy = true
    return true
  }

  end(): void {
    this.#isBusy = false
  }

  get possible(): readonly T[] {
    return this.#possible
  }

  asked(value: T): void {
    this.#possible.push(value)
  }

  /** That change has not happened, for certain. */
  refused(value: T): void {
    this.#possible.splice(this.#possible.lastIndexOf(value), 1)
  }

  /** The change that was asked for last has happened (or not, for certain), or the value was seen. */
  settled(value: T): void {
    this.#possible = [value]
  }
}

interface TopicLedgerOptions {
  name: string
  partitionCount: number
  isVolatile: boolean
  rules: TopicRules
  attempts: ReadonlyMap<number, Attempt>
  time: VirtualTime
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
  readonly rules: TopicRules
  readonly #options: TopicLedgerOptions

  constructor(options: TopicLedgerOptions) {
    this.name = options.name
    this.isVolatile = options.isVolatile
    this.partitionCount = new UncertainValue(options.partitionCount)
    this.rules = options.rules
    this.#options = options
  }

  partition(index: number): PartitionLedger {
    for (let i = this.partitions.length; i <= index; i++) {
      this.partitions.push(new PartitionLedger({ ...this.#options, label: () => `${this.name}-${i} (${this.id})` }))
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
  readonly time: VirtualTime
  readonly attempts = new Map<number, Attempt>()
  /** Every topic there ever was; of those with the same name only the last one may be there. */
  readonly topics: TopicLedger[] = []
  readonly #offsets = new Map<string, UncertainValue<number>>()
  readonly #producerIds = new Set<number>()
  acknowledgedBatches = 0

  constructor(time: VirtualTime) {
    this.time = time
  }

  newAttempt(options: Omit<AttemptOptions, 'id'>): Attempt {
    const attempt = newAttempt({ id: this.attempts.size + 1, ...options })
    this.attempts.set(attempt.id, attempt)
    return attempt
  }

  newTopic(options: Omit<TopicLedgerOptions, 'attempts' | 'time'>): TopicLedger {
    const topic = new TopicLedger({ ...options, attempts: this.attempts, time: this.time })
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
