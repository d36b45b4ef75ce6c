/** The listeners and their connections: opening, counting, refusing beyond the limits, stopping in order. */

import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from '../logger.ts'
import type { Settings } from '../settings/settings.ts'
import type { Timers } from '../time/timers.ts'
import { Connection } from './connection.ts'
import type { Dispatcher } from './dispatcher.ts'
import { type ListenerAddress, plainAddress } from './listener-address.ts'
import { RequestBudget } from './request-budget.ts'
import type { UnsentAnswers } from './unsent-answers.ts'

export interface OpenListener {
  readonly name: string
  readonly host: string
  readonly port: number
}

export interface SocketServerOptions {
  readonly settings: Settings
  readonly timers: Timers
  readonly logger: Logger
  readonly dispatcher: Dispatcher
  readonly unsentAnswers: UnsentAnswers
  /** What the process's limit of open files leaves for connections; may be infinite. */
  readonly maxSockets: number
}

export class SocketServer {
  readonly #options: SocketServerOptions
  readonly #budget: RequestBudget
  readonly #servers: Server[] = []
  readonly #connections = new Set<Connection>()
  readonly #connectionsByHost = new Map<string, number>()
  readonly listeners: OpenListener[] = []
  #nextConnectionId = 1
  #isRefusing = false
  #onAllGone: (() => void) | null = null

  constructor(options: SocketServerOptions) {
    this.#options = options
    const { settings } = options
    this.#budget = new RequestBudget({ maxBytes: settings.get('queued.max.request.bytes') })
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Opens a listener; connections are served from then on. Rejects with the system's error (EADDRINUSE …). */
  async listen({ name, host, port }: ListenerAddress): Promise<void> {
    const server = createServer({ pauseOnConnect: true }, socket => this.#accept(socket, name))
    await new Promise<void>((resolve, reject) => {
      const backlog = this.#options.settings.get('socket.listen.backlog.size')
      server.once('error', reject)
      // Without a host Node listens on every interface, IPv6 and IPv4, whatever of these there is.
      server.listen({ port, backlog, ...(host === '' ? {} : { host }) }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    server.on('error', error => this.#options.logger.error({ listener: name, err: error }, 'a listener failed'))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('a TCP listener has an address')
    this.#servers.push(server)
    this.listeners.push({ name, host: plainAddress(address.address), port: address.port })
  }

  /** Stops accepting and lets requests under way finish; what is not answered by the deadline is cut off. */
  async stop({ deadlineMs }: { deadlineMs: number }): Promise<void> {
    const closed = this.#servers.map(server => new Promise<void>(resolve => server.close(() => resolve())))
    const allGone = new Promise<void>(resolve => {
      this.#onAllGone = resolve
      if (this.#connections.size === 0) resolve()
    })
    for (const connection of this.#connections) connection.drain()
    const timer = this.#options.timers.after(deadlineMs, () => {
      this.#options.logger.warn(
        { connections: this.#connections.size },
        'cutting off connections that did not finish in time',
      )
      for (const connection of this.#connections) connection.destroy()
    })
    await Promise.all([...closed, allGone])
    timer.cancel()
  }

  /** Whoever waits for something better is answered with what there is. Connections stay. */
  answerNow(): void {
    for (const connection of this.#connections) connection.answerNow()
  }

  /** Cuts everything off at once, as the end of a process does. Resolves when no socket is left. */
  async destroy(): Promise<void> {
    const closed = this.#servers.map(server => new Promise<void>(resolve => server.close(() => resolve())))
    for (const connection of this.#connections) connection.destroy()
    await Promise.all(closed)
  }

  #accept(socket: Socket, listenerName: string): void {
    const { settings, timers, logger, dispatcher, unsentAnswers, maxSockets } = this.#options
    const host = plainAddress(socket.remoteAddress ?? '')
    const ofHost = this.#connectionsByHost.get(host) ?? 0
    const maxConnections = settings.get('max.connections')
    if (this.#connections.size >= maxConnections) {
      this.#refuse(socket, `max.connections is ${maxConnections}`)
      return
    }
    if (this.#connections.size >= maxSockets) {
      this.#refuse(socket, `this process may open too few files (ulimit -n) for more than ${maxSockets} connections`)
      return
    }
    const maxOfHost = settings.get('max.connections.per.ip')
    if (ofHost >= maxOfHost) {
      this.#refuse(socket, `max.connections.per.ip is ${maxOfHost}`)
      return
    }
    this.#isRefusing = false
    this.#connectionsByHost.set(host, ofHost + 1)
    const connection = new Connection({
      socket,
      id: String(this.#nextConnectionId++),
      listenerName,
      dispatcher,
      budget: this.#budget,
      unsentAnswers,
      timers,
      logger,
      maxFrameBytes: settings.get('socket.request.max.bytes'),
      idleMs: settings.get('connections.max.idle.ms'),
      onClosed: closed => this.#forget(closed, host),
    })
    this.#connections.add(connection)
  }

  #forget(connection: Connection, host: string): void {
    this.#connections.delete(connection)
    if (this.#connections.size === 0) this.#onAllGone?.()
    const left = (this.#connectionsByHost.get(host) ?? 1) - 1
    if (left === 0) this.#connectionsByHost.delete(host)
    else this.#connectionsByHost.set(host, left)
  }

  #refuse(socket: Socket, reason: string): void {
    socket.on('error', () => undefined)
    socket.destroy()
    // One line until a connection is accepted again: a flood of connections must not become a flood of lines.
    if (this.#isRefusing) return
    this.#isRefusing = true
    this.#options.logger.warn({ reason, client: plainAddress(socket.remoteAddress ?? '') }, 'refusing connections')
  }
}
