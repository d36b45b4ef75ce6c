/** Customers at the push of a button: how many a second come in each style, and spikes. */
import type { FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { style } from '../contracts/http.ts'
import type { Monitor } from './monitor.ts'

export const maxRatePerSecond = 1000

export function addLoadApi(root: FastifyInstance, { monitor }: { monitor: Monitor }): void {
  root.register(async scope => {
    const app = scope.withTypeProvider<ZodTypeProvider>()
    app.setValidatorCompiler(validatorCompiler)
    app.setSerializerCompiler(serializerCompiler)
    const params = z.object({ style })

    app.put(
      '/stage/load/:style',
      {
        schema: {
          hide: true,
          params,
          body: z.strictObject({ ratePerSecond: z.number().min(0).max(maxRatePerSecond) }),
        },
      },
      async (request, reply) => {
        monitor.crowd(request.params.style).setRate(request.body.ratePerSecond)
        monitor.tell()
        return reply.code(200).send(monitor.crowd(request.params.style).view())
      },
    )

    app.post(
      '/stage/load/:style/spike',
      {
        schema: {
          hide: true,
          params,
          body: z.strictObject({
            orders: z.int().min(1).max(20_000),
            seconds: z.number().min(0.1).max(120).default(5).describe('in which they come, evenly'),
          }),
        },
      },
      async (request, reply) => {
        monitor.crowd(request.params.style).spike(request.body.orders, request.body.seconds * 1000)
        monitor.tell()
        return reply.code(202).send(monitor.crowd(request.params.style).view())
      },
    )
  })
}
