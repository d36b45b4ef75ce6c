/**
 * The one address that users see: the page, the shop's API (forwarded to the service that owns each route) and its OpenAPI
 * document. It adds nothing to an answer: the services check their own input.
 */
import fastifyStatic from '@fastify/static'
import fastifySwagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import { publicRoutes } from '../contracts/http.ts'
import { operations } from '../contracts/operations.ts'
import { serviceNames } from '../contracts/topic.ts'
import { type HttpAnswer, send } from '../kit/http-client.ts'
import { answerWithProblems, sendProblem } from '../kit/problem.ts'
import type { Fleet } from './fleet.ts'
import { addLoadApi } from './load-api.ts'
import type { Follower } from './log/follower.ts'
import { addLogApi } from './log/log-api.ts'
import type { GroupMover } from './log/move-group.ts'
import type { RecordReader } from './log/record-reader.ts'
import type { Monitor } from './monitor.ts'
import { addStageApi } from './stage-api.ts'
import { addStream } from './stream.ts'
import type { SupervisedProcess } from './supervisor.ts'
import { addTraceRoute } from './trace.ts'

/** Longer than all the calls that Order makes for one request in REST style. */
const answerWithinMs = 20_000
const forwardedHeaders = ['content-type', 'idempotency-key', 'traceparent', 'accept', 'prefer', 'at-least']

export async function createGateway(options: {
  fleet: Fleet
  simulatorUrls: ReadonlyMap<string, string>
  monitor: Monitor
  follower: Follower
  reader: RecordReader
  mover: GroupMover
  processes: readonly SupervisedProcess[]
  /** The built page. */
  pageDirectory: string
}): Promise<FastifyInstance> {
  const app = Fastify({ bodyLimit: 256 * 1024, forceCloseConnections: true })
  answerWithProblems(app)
  // Any page in the user's browser can send a POST to this address; only our own may.
  app.addHook('onRequest', async (request, reply) => {
    if (request.method !== 'GET' && request.headers['sec-fetch-site'] === 'cross-site') {
      return sendProblem(reply, 403, { detail: 'Requests from other sites are not taken.' })
    }
  })
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Ottla shop',
        version: '1.0.0',
        description: 'An order system in two styles: events through a log, and calls in turn.',
      },
    },
    transform: jsonSchemaTransform,
  })
  options.monitor.waiting.watch(app)
  await app.register(async scope => addForwarding(scope, options.fleet))
  await app.register(async scope => addTraceRoute(scope, options.fleet))
  addStageApi(app, options)
  addStream(app, options)
  addLoadApi(app, options)
  addLogApi(app, options)
  app.get('/openapi.json', { schema: { hide: true } }, () =>
    withProblemTypes(app.swagger() as unknown as OpenApiDocument),
  )
  await app.register(fastifyStatic, { root: options.pageDirectory, wildcard: false, cacheControl: false })
  return app
}

type OpenApiDocument = {
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, unknown> }> }>>
}

/** Errors are problem documents, which have a media type of their own. */
function withProblemTypes(document: OpenApiDocument): OpenApiDocument {
  for (const operations of Object.values(document.paths)) {
    for (const { responses } of Object.values(operations)) {
      for (const [status, response] of Object.entries(responses)) {
        const schema = response.content?.['application/json']
        if (Number(status) >= 400 && schema) response.content = { 'application/problem+json': schema }
      }
    }
  }
  return document
}

function addForwarding(scope: FastifyInstance, fleet: Fleet): void {
  // Bodies go through as they came.
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  const served = [
    ...publicRoutes.map(route => ({ ...route, prefix: '' })),
    ...serviceNames.flatMap(service =>
      operations.map(operation => ({ ...operation, service, prefix: `/services/${service}` })),
    ),
  ]
  for (const { method, url, service, prefix, summary, response, ...input } of served) {
    scope.route({
      method,
      url: `${prefix}${url}`,
      schema: { summary, tags: [service], response, ...input },
      validatorCompiler: () => () => true,
      serializerCompiler: () => data => JSON.stringify(data),
      handler: (request, reply) => forward(request, reply, { service, prefix, base: fleet.addressOf(service) }),
    })
  }
}

async function forward(
  request: FastifyRequest,
  reply: FastifyReply,
  { service, prefix, base }: { service: string; prefix: string; base: string },
): Promise<FastifyReply> {
  const headers: Record<string, string> = {}
  for (const name of forwardedHeaders) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  let answer: HttpAnswer
  try {
    answer = await send({
      url: `${base}${request.url.slice(prefix.length)}`,
      method: request.method,
      headers,
      body: request.method === 'GET' ? undefined : (request.body as Buffer | undefined),
      timeoutMs: answerWithinMs,
    })
  } catch (error) {
    request.log.debug({ err: error }, 'forwarding failed')
    return sendProblem(reply, 503, {
      detail: `The ${service} service does not answer. Send the same request with the same Idempotency-Key again.`,
    })
  }
  reply.code(answer.status)
  for (const name of ['content-type', 'idempotency-replayed', 'position', 'traceparent', 'retry-after']) {
    const value = answer.headers[name]
    if (value !== undefined) reply.header(name, value)
  }
  return reply.send(answer.body)
}
