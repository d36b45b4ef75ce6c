/** A service's HTTP server: input checked and typed by zod, errors as problem documents, a bounded graceful stop. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Logger } from 'pino'
import { answerWithProblems } from './problem.ts'

export type HttpServer = ReturnType<typeof createHttpServer>

export function createHttpServer(logger: Logger) {
  const app = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 256 * 1024,
    requestTimeout: 10_000,
    keepAliveTimeout: 60_000,
    forceCloseConnections: 'idle',
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  answerWithProblems(app as unknown as FastifyInstance)
  return app
}
