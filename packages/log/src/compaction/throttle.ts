/** Holds work to so many bytes a second (`log.cleaner.io.max.bytes.per.second`), on average since it began. */

export class Throttle {
  readonly #maxBytesPerSecond: number
  readonly #startedMs = performance.now()
  #passedBytes = 0

  constructor(maxBytesPerSecond: number) {
    this.#maxBytesPerSecond = maxBytesPerSecond
  }

  /** Resolves when these bytes are due. */
  async pass(sizeInBytes: number): Promise<void> {
    this.#passedBytes += sizeInBytes
    const aheadMs = (this.#passedBytes / this.#maxBytesPerSecond) * 1000 - (performance.now() - this.#startedMs)
    if (aheadMs >= 1) await new Promise(resolve => setTimeout(resolve, aheadMs))
  }
}
