/**
 * The broker as a simulated process: everything but sockets. Requests come in as frames and answers leave as frames, so that codecs,
 * dispatcher, handlers, coordinators and the log are the product's own.
 */

import {
  type AnyApi,
  Reader,
  type RequestInput,
  type Response,
  requestHeader,
  responseHeader,
  Writer,
} from '@ottla/protocol'
import { apiTable } from '../../packages/broker/src/api-table.ts'
import { closeCore, openCore } from '../../packages/broker/src/broker-core.ts'
import type { Logger } from '../../packages/broker/src/logger.ts'
import { Dispatcher } from '../../packages/broker/src/network/dispatcher.ts'
import type { BrokerServices, ConnectionInfo } from '../../packages/broker/src/services.ts'
import { Settings } from '../../packages/broker/src/settings/settings.ts'
import type { FileSystem } from '../../packages/log/src/file-system/file-system.ts'
import type { SeededRandom } from '../../packages/log/src/testing/seeded-random.ts'
import type { Life } from './virtual-time.ts'

export interface ServerOptions {
  life: Life
  random: SeededRandom
  fileSystem: FileSystem
  logger: Logger
  properties: ReadonlyMap<string, string>
}

/** The connection is gone: whether the request was carried out is not known. */
export class ConnectionLostError extends Error {}

export class SimulatedServer {
  readonly services: BrokerServices
  readonly #dispatcher: Dispatcher
  #correlationId = 0

  /** Rejects as `Broker.start` does. */
  static async start({ life, random, fileSystem, logger, properties }: ServerOptions): Promise<SimulatedServer> {
    const randomness = {
      bytes: random.bytes,
      uuid: () => random.bytes(16).toString('hex'),
      below: random.below,
    }
    const services = await openCore({
      settings: new Settings(properties),
      logger,
      durability: 'fsync',
      clock: life,
      timers: life,
      randomness,
      fileSystem,
      defer: life.defer,
    })
    await services.metadata.register([{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9092 }])
    return new SimulatedServer(services)
  }

  private constructor(services: BrokerServices) {
    this.services = services
    this.#dispatcher = new Dispatcher(apiTable, services)
  }

  /** Resolves with the answer; null where the API gives none. Never settles when the process ends first. */
  async request<A extends AnyApi>(
    api: A,
    version: number,
    body: RequestInput<A>,
    connection: ConnectionInfo,
  ): Promise<Response<A> | null> {
    const correlationId = ++this.#correlationId
    const writer = new Writer()
    const header = { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId: connection.clientId }
    requestHeader.write(writer, header, api.requestHeaderVersion(version))
    api.request.write(writer, body as never, version)
    const received = this.#dispatcher.receive(Buffer.concat(writer.finish()))
    const answer = await this.#dispatcher.act(received, connection)
    if (answer === null) return null
    const reader = new Reader(Buffer.concat(answer).subarray(4))
    const { correlationId: answered } = responseHeader.read(reader, api.responseHeaderVersion(version))
    const response = api.response.read(reader, version)
    if (answered !== correlationId || reader.remaining > 0)
      throw new Error(`malformed answer of ${api.name} v${version}`)
    return response as Response<A>
  }

  async stop(): Promise<void> {
    await closeCore(this.services)
  }
}

export function connectionOf(clientId: string): ConnectionInfo & { lost: boolean } {
  return {
    id: clientId,
    clientId,
    clientHost: '127.0.0.1',
    clientPort: 50_000,
    listenerName: 'PLAINTEXT',
    localAddress: '127.0.0.1',
    localPort: 9092,
    principal: 'User:ANONYMOUS',
    clientSoftware: null,
    isOpen: true,
    lost: false,
    onEnding: () => () => undefined,
    close() {
      this.lost = true
    },
    destroy() {
      this.lost = true
    },
  }
}
