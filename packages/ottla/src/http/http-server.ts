/**
 * The broker's HTTP server: on loopback only, a table of routes, GET and HEAD. A page in somebody's browser must not read it by a name that it
 * made point here (DNS rebinding): a Host that is no name of this machine's loopback is refused before anything is looked at.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from '@ottla/broker'

const host = '127.0.0.1'
const loopbackNames: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])
const maxConnections = 100

/** What a route answers with. Default content type: `text/plain`. */
export interface Answer {
  readonly status: number
  readonly type?: string
  readonly body: string
}

/** By path, without a query. May take its time; what it throws is logged and answered with 500. */
export type Routes = ReadonlyMap<string, () => Answer | Promise<Answer>>

export interface HttpServer {
  readonly port: number
  /** Cuts off what is open. */
  close(): Promise<void>
}

/** `port` 0 asks the system. Rejects with the system's error (EADDRINUSE …). */
export async function startHttpServer({
  port,
  routes,
  logger,
}: {
  port: number
  routes: Routes
  logger: Logger
}): Promise<HttpServer> {
  const server = createServer((request, response) => {
    void answerTo(request, routes)
      .catch((error): Answer => {
        logger.error({ path: request.url, err: error }, 'a bug: an HTTP request could not be answered')
        return { status: 500, body: 'The server failed in a way that was not foreseen\n' }
      })
      .then(answer => send(response, answer, request.method === 'HEAD'))
  })
  server.maxConnections = maxConnections
  await listen(server, port)
  server.on('error', error => logger.error({ err: error }, 'the HTTP listener failed'))
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function answerTo({ method, url = '/', headers }: IncomingMessage, routes: Routes): Promise<Answer> {
  if (!isLoopbackName(headers.host)) {
    return { status: 403, body: 'This address is answered under the names localhost, 127.0.0.1 and [::1] only\n' }
  }
  const path = url.split('?', 1)[0]!
  const route = routes.get(path)
  if (route === undefined) return { status: 404, body: `There are: ${[...routes.keys()].join(', ')}\n` }
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'GET and HEAD only\n' }
  return await route()
}

/** Whatever the port: it may be forwarded. */
function isLoopbackName(hostHeader: string | undefined): boolean {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(hostHeader ?? '')?.[1]
  return name !== undefined && loopbackNames.has(name.toLowerCase())
}

function send(response: ServerResponse, { status, type = 'text/plain; charset=utf-8', body }: Answer, isHead: boolean) {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 && { allow: 'GET, HEAD' }),
  })
  response.end(isHead ? undefined : body)
}
