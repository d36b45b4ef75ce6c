/**
 * One client's connection: frames in, answers out, in the order of the requests.
 *
 *     socket ─▶ FrameReader ─▶ waiting frames ─▶ Dispatcher ─▶ answers under way ─▶ socket
 *                                  (fifo)                        (fifo)
 *
 * A request begins when the one before has been answered, as in Kafka, except behind a `pipelined` one (Produce): then it
 * begins as soon as that one has acted. Answers leave in the order of the requests in any case.
 *
 *     open ──▶ ending ──▶ ended ──▶ closed
 *
 *     ending: nothing more is taken, what was taken is answered
 *     ended:  all is answered and our side closed; the client may read to the end and close its own
 *
 * Back-pressure: nothing begins while the client does not take its answers or, by `RequestBudget`, while all clients together
 * keep us busy enough; and nothing is read from the socket while requests wait. Nothing is dropped.
 */

import type { Socket } from 'node:net'
import { type Logger, printable } from '../logger.ts'
import type { ConnectionInfo } from '../services.ts'
import type { Timer, Timers } from '../time/timers.ts'
import { type AnswerBytes, BadRequestError, type Dispatcher } from './dispatcher.ts'
import { BadFrameError, FrameReader } from './frame-reader.ts'
import { plainAddress } from './listener-address.ts'
import type { RequestBudget } from './request-budget.ts'
import { readThroughSharedBuffer } from './shared-read-buffer.ts'
import type { UnsentAnswers } from './unsent-answers.ts'

/** Requests of one connection that are under way; beyond, further ones wait. */
const maxRequestsUnderWay = 64
/** Answers that the client has not taken; beyond, no further request begins. */
const maxUnsentBytes = 1024 * 1024
/** How long a client may take to read our last answers and close: closing first could destroy what it has not read. */
const lingerMs = 1_000

/** A request that has begun. Answers leave when all before them have left. */
interface PendingAnswer {
  readonly frameBytes: number
  bytes: AnswerBytes
  isReady: boolean
}

export interface ConnectionOptions {
  /** Just accepted, paused. */
  readonly socket: Socket
  readonly id: string
  readonly listenerName: string
  readonly dispatcher: Dispatcher
  readonly budget: RequestBudget
  readonly unsentAnswers: UnsentAnswers
  readonly timers: Timers
  readonly logger: Logger
  readonly maxFrameBytes: number
  /** `connections.max.idle.ms`; negative: idleness is no reason to close. */
  readonly idleMs: number
  readonly onClosed: (connection: Connection) => void
}

export class Connection implements ConnectionInfo {
  readonly id: string
  readonly clientHost: string
  readonly clientPort: number
  readonly listenerName: string
  readonly localAddress: string
  readonly localPort: number
  readonly principal = 'User:ANONYMOUS'
  clientId: string | null = null
  clientSoftware: { name: string; version: string } | null = null
  readonly #options: ConnectionOptions
  readonly #socket: Socket
  readonly #reader: FrameReader
  readonly #waitingFrames: Buffer[] = []
  readonly #answers: PendingAnswer[] = []
  readonly #endingListeners = new Set<() => void>()
  readonly #resume = (): void => this.#proceed()
  /** A request that is not pipelined is under way: the next one waits. */
  #isBlocked = false
  #isBeginning = false
  #isPaused = false
  #isCorked = false
  #unsentBytes = 0
  #state: 'open' | 'ending' | 'ended' | 'closed' = 'open'
  #lastActivityMs: number
  /** For idleness first, then for the client's last moments. */
  #timer: Timer

  constructor(options: ConnectionOptions) {
    const socket = readThroughSharedBuffer(options.socket, bytes => this.#receive(bytes))
    this.#options = options
    this.#socket = socket
    this.id = options.id
    this.listenerName = options.listenerName
    this.clientHost = plainAddress(socket.remoteAddress ?? '')
    this.clientPort = socket.remotePort ?? 0
    this.localAddress = plainAddress(socket.localAddress ?? '')
    this.localPort = socket.localPort ?? 0
    this.#reader = new FrameReader({ maxFrameBytes: options.maxFrameBytes, onFrame: frame => this.#enqueue(frame) })
    this.#lastActivityMs = options.timers.nowMs()
    this.#timer = this.#startIdleTimer(options.idleMs)
    socket.setNoDelay(true)
    socket.on('error', error => options.logger.debug({ client: this.#clientAddress, err: error }, 'connection broke'))
    socket.on('close', () => this.#closed())
  }

  get isOpen(): boolean {
    return this.#state !== 'closed'
  }

  onEnding(listener: () => void): () => void {
    if (this.#state !== 'open') listener()
    else this.#endingListeners.add(listener)
    return () => this.#endingListeners.delete(listener)
  }

  close(reason: string): void {
    if (this.#state !== 'open') return
    this.#warn(reason)
    this.drain()
  }

  /** Lets the requests under way finish, begins no other, then ends. */
  drain(): void {
    this.#waitingFrames.length = 0
    this.#beginToEnd()
  }

  /** At once, whatever is under way. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** What waits for something better answers now; the connection goes on. */
  answerNow(): void {
    const listeners = [...this.#endingListeners]
    this.#endingListeners.clear()
    for (const listener of listeners) listener()
  }

  #receive(chunk: Buffer): void {
    this.#lastActivityMs = this.#options.timers.nowMs()
    if (this.#state !== 'open') return
    try {
      this.#reader.push(chunk)
    } catch (error) {
      if (!(error instanceof BadFrameError)) throw error
      // What came whole before it is still answered.
      this.#warn(error.message)
      this.#beginToEnd()
    }
    this.#proceed()
  }

  #enqueue(frame: Buffer): void {
    this.#waitingFrames.push(frame)
  }

  /** Begins what may begin, then decides whether to read on. */
  #proceed(): void {
    if (this.#isBeginning) return
    this.#isBeginning = true
    while (this.#mayBegin) this.#begin(this.#waitingFrames.shift()!)
    this.#isBeginning = false
    const { budget } = this.#options
    if (this.#waitingFrames.length > 0 && budget.isUsedUp) budget.whenRoom(this.#resume)
    if (this.#state === 'open') this.#readOn()
    else if (this.#state === 'ending' && this.#waitingFrames.length + this.#answers.length === 0) this.#end()
  }

  get #mayBegin(): boolean {
    return (
      this.#waitingFrames.length > 0 &&
      !this.#isBlocked &&
      (this.#state === 'open' || this.#state === 'ending') &&
      this.#answers.length < maxRequestsUnderWay &&
      this.#socket.writableLength <= this.#maxUnsentBytes &&
      !this.#options.budget.isUsedUp
    )
  }

  /** When all clients together leave too much unread, one that has not read its last answer gets no other. */
  get #maxUnsentBytes(): number {
    return this.#options.unsentAnswers.roomInBytes > 0 ? maxUnsentBytes : 0
  }

  #begin(frame: Buffer): void {
    const { dispatcher } = this.#options
    const pending: PendingAnswer = { frameBytes: frame.length, bytes: null, isReady: false }
    this.#answers.push(pending)
    this.#options.budget.take(frame.length)
    try {
      const received = dispatcher.receive(frame)
      this.clientId = received.clientId
      const intervention = dispatcher.intervention(received, this)
      const isPipelined = intervention === null && dispatcher.isPipelined(received, this)
      this.#isBlocked = !isPipelined
      const answer =
        intervention === null ? dispatcher.act(received, this) : dispatcher.intervene(intervention, received, this)
      if (answer instanceof Promise) {
        answer
          .then(bytes => this.#answered(pending, bytes, !isPipelined))
          .catch(error => {
            this.#reportBug(error)
            this.destroy()
          })
      } else {
        this.#answered(pending, answer, !isPipelined)
      }
    } catch (error) {
      if (error instanceof BadRequestError) this.#warn(error.message)
      else this.#reportBug(error)
      this.drain()
      this.#answered(pending, null, true)
    }
  }

  /** Not even an error could be answered: nothing is left but to close. */
  #reportBug(error: unknown): void {
    this.#options.logger.error({ client: this.#clientAddress, err: error }, 'a bug: a request could not be answered')
  }

  #answered(pending: PendingAnswer, bytes: AnswerBytes, unblocks: boolean): void {
    pending.bytes = bytes
    pending.isReady = true
    if (unblocks) this.#isBlocked = false
    while (this.#answers[0]?.isReady) {
      const { bytes, frameBytes } = this.#answers.shift()!
      if (bytes !== null && this.#state !== 'closed') this.#send(bytes)
      this.#options.budget.giveBack(frameBytes)
    }
    this.#proceed()
  }

  /** All that is answered within one turn of the loop leaves in one write. */
  #send(chunks: Buffer[]): void {
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#isCorked = false
        this.#socket.uncork()
      })
    }
    const last = chunks.length - 1
    let bytes = chunks[last]!.length
    for (let index = 0; index < last; index++) {
      bytes += chunks[index]!.length
      this.#socket.write(chunks[index]!)
    }
    this.#noteUnsent(bytes)
    this.#socket.write(chunks[last]!, () => {
      if (this.#state === 'closed') return
      this.#noteUnsent(-bytes)
      if (this.#waitingFrames.length > 0) this.#proceed()
    })
    this.#lastActivityMs = this.#options.timers.nowMs()
  }

  #noteUnsent(bytes: number): void {
    this.#unsentBytes += bytes
    this.#options.unsentAnswers.add(bytes)
  }

  /** What arrived in one read may hold many requests: they wait here. More is read when all of them have begun. */
  #readOn(): void {
    const mustWait = this.#waitingFrames.length > 0
    if (mustWait === this.#isPaused) return
    this.#isPaused = mustWait
    if (mustWait) this.#socket.pause()
    else this.#socket.resume()
  }

  #startIdleTimer(idleMs: number): Timer {
    if (this.#options.idleMs < 0) return { cancel: () => undefined }
    return this.#options.timers.after(idleMs, () => {
      const { timers, logger } = this.#options
      const idleForMs = timers.nowMs() - this.#lastActivityMs
      // A request under way is not idleness, unless it is we who wait for the client to take its answers or finish its frame.
      const isWorking = this.#answers.length > 0 && this.#socket.writableLength === 0
      if (isWorking || idleForMs < this.#options.idleMs) {
        this.#timer = this.#startIdleTimer(isWorking ? this.#options.idleMs : this.#options.idleMs - idleForMs)
        return
      }
      logger.debug({ client: this.#clientAddress, idleMs: Math.round(idleForMs) }, 'closing an idle connection')
      this.destroy()
    })
  }

  #beginToEnd(): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    this.answerNow()
    this.#proceed()
  }

  #end(): void {
    this.#state = 'ended'
    this.#socket.end()
    // Only a socket that is read sees that the other side has closed.
    if (this.#isPaused) this.#socket.resume()
    this.#timer.cancel()
    this.#timer = this.#options.timers.after(lingerMs, () => this.destroy())
  }

  #closed(): void {
    this.#noteUnsent(-this.#unsentBytes) // nobody will read it now
    this.#state = 'closed'
    this.#timer.cancel()
    this.#options.budget.cancel(this.#resume)
    this.#waitingFrames.length = 0
    this.answerNow()
    this.#options.onClosed(this)
  }

  get #clientAddress(): string {
    return `${this.clientHost}:${this.clientPort}`
  }

  #warn(reason: string): void {
    this.#options.logger.warn(
      { client: this.#clientAddress, listener: this.listenerName, reason: printable(reason) },
      'closing a connection that cannot be served',
    )
  }
}
