/** One order's trace, put together from what each service tells of it. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { getSpans, type SpanView, trace } from '../contracts/operations.ts'
import { serviceNames } from '../contracts/topic.ts'
import { traceIdOf } from '../kit/trace.ts'
import type { Fleet } from './fleet.ts'

const answerWithinMs = 2000

export function addTraceRoute(app: FastifyInstance, fleet: Fleet): void {
  app.get<{ Params: { orderId: string } }>(
    '/orders/:orderId/trace',
    {
      schema: {
        summary: 'Who did what for one order, and because of what',
        tags: ['order'],
        params: z.object({ orderId: z.string() }),
        response: { 200: trace },
      },
      validatorCompiler: () => () => true,
      serializerCompiler: () => data => JSON.stringify(data),
    },
    async (request): Promise<z.output<typeof trace>> => {
      const { orderId } = request.params
      const answers = await Promise.all(
        serviceNames
          .filter(service => fleet.of(service).some(({ process }) => process.state === 'running'))
          .map(async service => ({ service, answer: await ask(fleet.addressOf(service), orderId) })),
      )
      const spans = answers.flatMap(({ answer }) => answer?.spans ?? [])
      return {
        orderId,
        traceId: answers.map(({ answer }) => answer?.traceId).find(id => id !== undefined) ?? null,
        spans: spans.sort((a, b) => a.at.localeCompare(b.at)),
        missing: answers.filter(({ answer }) => answer === undefined).map(({ service }) => service),
      }
    },
  )
}

/** @returns undefined when the service does not answer */
async function ask(base: string, orderId: string): Promise<{ spans: SpanView[]; traceId?: string } | undefined> {
  try {
    const response = await fetch(`${base}/spans/${encodeURIComponent(orderId)}`, {
      signal: AbortSignal.timeout(answerWithinMs),
    })
    const { spans, traceparent } = getSpans.response[200].parse(await response.json())
    const traceId = traceparent === undefined ? undefined : traceIdOf(traceparent)
    return { spans, ...(traceId === undefined ? {} : { traceId }) }
  } catch {
    return undefined
  }
}
