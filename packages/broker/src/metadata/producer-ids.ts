/** Gives producer ids, each once for ever: from blocks that the metadata log has recorded as taken. */

import type { Metadata } from './metadata.ts'

/** Kafka's block size: what a restart may leave unused. */
const blockSize = 1000

export class ProducerIds {
  readonly #metadata: Pick<Metadata, 'takeProducerIds'>
  #next = 0
  #end = 0
  #refill: Promise<void> | null = null

  constructor(metadata: Pick<Metadata, 'takeProducerIds'>) {
    this.#metadata = metadata
  }

  async next(): Promise<number> {
    while (this.#next === this.#end) {
      this.#refill ??= this.#takeBlock()
      await this.#refill
    }
    return this.#next++
  }

  async #takeBlock(): Promise<void> {
    try {
      const { first, end } = await this.#metadata.takeProducerIds(blockSize)
      this.#next = first
      this.#end = end
    } finally {
      this.#refill = null
    }
  }
}
