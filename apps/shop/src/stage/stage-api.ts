/** The stage's own API, for the page: a picture of the shop, and buttons for its processes and simulators. */
import type { FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { type Faults, faults } from '../contracts/simulators.ts'
import { HttpProblem } from '../kit/problem.ts'
import { type Fleet, maxInstances } from './fleet.ts'
import type { Monitor } from './monitor.ts'
import type { SupervisedProcess } from './supervisor.ts'

export const stopLimitMs = 5000

export function addStageApi(
  root: FastifyInstance,
  options: {
    monitor: Monitor
    processes: readonly SupervisedProcess[]
    fleet: Fleet
    simulatorUrls: ReadonlyMap<string, string>
  },
): void {
  const { monitor, processes, fleet, simulatorUrls } = options
  const find = (name: string): SupervisedProcess => {
    const process = processes.find(candidate => candidate.name === name)
    if (process === undefined) throw new HttpProblem(404, `There is no process ${name}.`)
    return process
  }
  root.register(async scope => {
    const app = scope.withTypeProvider<ZodTypeProvider>()
    app.setValidatorCompiler(validatorCompiler)
    app.setSerializerCompiler(serializerCompiler)

    app.get('/stage/snapshot', { schema: { hide: true } }, async () => monitor.snapshot())

    app.post(
      '/stage/processes/:name/:action',
      {
        schema: {
          hide: true,
          params: z.object({ name: z.string(), action: z.enum(['start', 'stop', 'kill', 'hang', 'resume']) }),
        },
      },
      async (request, reply) => {
        const { name, action } = request.params
        const process = find(name)
        if (action === 'start') process.start()
        else if (action === 'kill') process.kill()
        else if (action === 'hang') process.hang()
        else if (action === 'resume') process.resume()
        else await process.stop(stopLimitMs)
        return reply.code(200).send({ name, state: process.state })
      },
    )

    app.put(
      '/stage/processes/:name/speed',
      {
        schema: {
          hide: true,
          params: z.object({ name: z.string() }),
          body: z.strictObject({ percent: z.int().min(5).max(100) }),
        },
      },
      async (request, reply) => {
        const process = find(request.params.name)
        process.setSpeed(request.body.percent)
        return reply.code(200).send({ name: process.name, percent: process.speedPercent })
      },
    )

    app.put(
      '/stage/services/:service/instances',
      {
        schema: {
          hide: true,
          params: z.object({ service: z.string() }),
          body: z.strictObject({ count: z.int().min(1).max(maxInstances) }),
        },
      },
      async (request, reply) => {
        const { service } = request.params
        const { count } = request.body
        const [first] = fleet.of(service)
        if (first === undefined) throw new HttpProblem(404, `There is no service ${service}.`)
        await fleet.scale(first.service, count, stopLimitMs)
        return reply.code(200).send({ service, count })
      },
    )

    app.put(
      '/stage/simulators/:name/faults',
      { schema: { hide: true, params: z.object({ name: z.string() }), body: faults } },
      async (request, reply) => {
        const url = simulatorUrls.get(request.params.name)
        if (url === undefined) throw new HttpProblem(404, `There is no simulator ${request.params.name}.`)
        const answer = await setFaults(url, request.body)
        if (answer === undefined) throw new HttpProblem(503, `The ${request.params.name} does not answer.`)
        return reply.code(200).send(answer)
      },
    )
  })
}

/** @returns undefined when the simulator does not answer */
async function setFaults(url: string, wanted: Faults): Promise<Faults | undefined> {
  try {
    const response = await fetch(`${url}/faults`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(wanted),
      signal: AbortSignal.timeout(2000),
    })
    return faults.parse(await response.json())
  } catch {
    return undefined
  }
}
