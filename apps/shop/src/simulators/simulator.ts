/** A simulator's process: an HTTP server with the neighbour's own API, its faults and its book. */
import pino from 'pino'
import { faults, type SimulatorName, simulatorStatus } from '../contracts/simulators.ts'
import { createHttpServer, type HttpServer } from '../kit/http-server.ts'
import { readSettings } from '../kit/settings.ts'
import { FaultPlan } from './faults.ts'

export async function runSimulator(definition: {
  name: SimulatorName
  usualDelayMs: number
  /** Opens its file in the directory and adds its routes. */
  open: (
    app: HttpServer,
    parts: { directory: string; plan: FaultPlan },
  ) => {
    books: () => Record<string, number>
    close: () => void
  }
}): Promise<void> {
  const { name, usualDelayMs } = definition
  const settings = readSettings(name, process.env)
  const logger = pino({ name, level: settings.logLevel })
  const plan = new FaultPlan({ usualDelayMs, random: Math.random })
  const app = createHttpServer(logger)
  const { books, close } = definition.open(app, { directory: settings.dataDirectory, plan })

  app.get('/status', { schema: { response: { 200: simulatorStatus } } }, async () => ({
    pid: process.pid,
    faults: plan.faults,
    books: books(),
  }))
  app.put('/faults', { schema: { body: faults, response: { 200: faults } } }, async request => {
    plan.set(request.body)
    logger.warn(plan.faults, 'faults set')
    return plan.faults
  })
  const url = await app.listen({ host: '127.0.0.1', port: settings.port })
  logger.info({ url, pid: process.pid }, 'started')

  // Every entry is on the disk when its answer goes out: there is nothing to finish.
  process.on('SIGTERM', () => {
    close()
    process.exit(0)
  })
}
