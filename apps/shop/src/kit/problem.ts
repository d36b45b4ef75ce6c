/** Errors on HTTP are problem documents (RFC 9457): what went wrong, and which field of the request is to blame. */
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import type { Problem } from '../contracts/http.ts'
import { CallRefusedError, ServiceUnavailableError } from './call.ts'

const titles: Record<number, string> = {
  400: 'The request is not readable',
  402: 'The payment is declined',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict',
  413: 'The request is too large',
  415: 'Unsupported media type',
  422: 'The request is not valid',
  500: 'Something went wrong in the shop',
  502: 'Another service refused its part',
  503: 'A part of the shop does not answer',
  504: 'Not yet known here',
}

/** Throw it in a handler to answer with a problem document. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly status: number
  readonly extra: Partial<Problem>

  constructor(status: number, detail: string, extra: Partial<Problem> = {}) {
    super(detail)
    this.status = status
    this.extra = extra
  }
}

export function sendProblem(reply: FastifyReply, status: number, extra: Partial<Problem>): FastifyReply {
  const problem: Problem = { type: 'about:blank', title: titles[status] ?? 'The request failed', status, ...extra }
  // A serialized body, so that no route's response schema can cut a member off.
  if (status === 503) reply.header('retry-after', '1')
  return reply.code(status).header('content-type', 'application/problem+json').send(JSON.stringify(problem))
}

export function answerWithProblems(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, 404, { detail: `There is no ${request.method} ${request.url.split('?')[0]}.` }),
  )
  app.setErrorHandler(
    (error: FastifyError | HttpProblem | ServiceUnavailableError | CallRefusedError, request, reply) => {
      if (error instanceof HttpProblem)
        return sendProblem(reply, error.status, { detail: error.message, ...error.extra })
      if (hasZodFastifySchemaValidationErrors(error)) {
        const errors = error.validation.flatMap(issue =>
          fieldErrors(issue as unknown as ZodIssueParams, error.validationContext),
        )
        return sendProblem(reply, 422, { detail: errors.map(e => `${e.field}: ${e.message}`).join('; '), errors })
      }
      if (error instanceof ServiceUnavailableError) return sendProblem(reply, 503, { detail: `${error.message}.` })
      if (error instanceof CallRefusedError) return sendProblem(reply, 502, { detail: error.message })
      if (isFull(error)) return sendProblem(reply, 503, { detail: 'There is no space to store it. Try again later.' })
      const status = error.statusCode ?? 500
      if (status < 500) return sendProblem(reply, status, { detail: error.message })
      request.log.error({ err: error }, 'a request failed')
      return sendProblem(reply, 500, { detail: 'The error is in the log of the service.' })
    },
  )
}

/** SQLite's SQLITE_FULL, PostgreSQL's disk_full. */
function isFull(error: Error & { errcode?: number; code?: string }): boolean {
  return error.errcode === 13 || error.code === '53100'
}

type ZodIssueParams = { instancePath: string; keyword?: string; message?: string; params?: { keys?: string[] } }

/** `/items/0/quantity` becomes `items[0].quantity`; a field of the query or a header says so. */
function fieldErrors(issue: ZodIssueParams, context: string | undefined): { field: string; message: string }[] {
  const path = issue.instancePath
    .split('/')
    .filter(part => part !== '')
    .reduce((name, part) => (/^\d+$/.test(part) ? `${name}[${part}]` : name === '' ? part : `${name}.${part}`), '')
  const place = context === undefined || context === 'body' ? '' : `${context}.`
  const unknown = issue.keyword === 'unrecognized_keys' ? (issue.params?.keys ?? []) : []
  if (unknown.length > 0) {
    return unknown.map(key => ({ field: `${place}${path === '' ? key : `${path}.${key}`}`, message: 'is not known' }))
  }
  return [{ field: `${place}${path}` || 'body', message: issue.message ?? 'is not valid' }]
}
