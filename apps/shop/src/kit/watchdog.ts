/**
 * Destroys a stream of records that has gone silent while it was being waited for. A waiting fetch is answered within a
 * second, also when there is nothing new: silence for much longer means that the client is stuck, and a new one is needed.
 */
import type { MessagesStream } from '@platformatic/kafka'

const silenceLimitMs = 15_000

export class Watchdog {
  #lastSign = Date.now()
  #paused = false
  readonly #timer: NodeJS.Timeout

  constructor(stream: MessagesStream<Buffer, Buffer, Buffer, Buffer>) {
    stream.on('fetch', () => {
      this.#lastSign = Date.now()
    })
    this.#timer = setInterval(() => {
      if (this.#paused || Date.now() - this.#lastSign < silenceLimitMs) return
      stream.destroy(new Error(`no answer to a fetch for ${silenceLimitMs / 1000} s`))
    }, silenceLimitMs / 5).unref()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#lastSign = Date.now()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
