/**
 * A service from start to stop: its database, its HTTP server, its relay and its consuming loop.
 *
 * It starts without the broker, and waits for it. It stops within five seconds: intake first, then the batch under way,
 * then the relay, then the database; whatever a stop would cut off is safe to cut off, as a crash is.
 */
import type { FastifyInstance } from 'fastify'
import type { Kysely } from 'kysely'
import pino, { type Logger } from 'pino'
import type { SpanView } from '../contracts/operations.ts'
import { deadLetterTopic, type ServiceName, type Topic } from '../contracts/topic.ts'
import { subscriptions, topics } from '../contracts/topics.ts'
import { honourAtLeast } from './at-least.ts'
import { Consumption } from './consume.ts'
import { type KitTables, kitTables } from './database.ts'
import { DeadLetterTools } from './dead-letter-tools.ts'
import { DeadLetters } from './dead-letters.ts'
import { type DeadlineHandlers, DeadlineLoop } from './deadline-loop.ts'
import { readDeadlines } from './deadlines.ts'
import { addHealthRoutes, type ServiceStatus } from './health.ts'
import { createHttpServer, type HttpServer } from './http-server.ts'
import { ensureTopics } from './kafka.ts'
import { Lease } from './lease.ts'
import { addOperations } from './operations-api.ts'
import { readRecent } from './outbox.ts'
import { countParked } from './parked.ts'
import { ParkedKeys } from './parked-keys.ts'
import { BatchProcessor } from './process-batch.ts'
import type { Reactions } from './reaction.ts'
import { Relay } from './relay.ts'
import { carryOutReplay, isReplayWanted } from './replay.ts'
import { readSettings, type ServiceSettings } from './settings.ts'
import { readSpans } from './trace-view.ts'

const stopLimitMs = 4500
const recentEvents = 12

export type ServiceContext<Tables extends KitTables> = {
  name: ServiceName
  /** Differs among several instances of a service, and is the same after a restart. */
  instanceName: string
  settings: ServiceSettings
  database: Kysely<Tables>
  relay: Relay
  logger: Logger
  now: () => Date
}

export type ServiceDefinition<Tables extends KitTables> = {
  name: ServiceName
  open: (settings: ServiceSettings) => Promise<Kysely<Tables>>
  routes: (app: HttpServer, context: ServiceContext<Tables>) => void
  reactions: (context: ServiceContext<Tables>) => Reactions<Tables>
  deadlines?: (context: ServiceContext<Tables>) => DeadlineHandlers<Tables>
  done: (database: Kysely<Tables>) => Promise<Record<string, number>>
  books: (database: Kysely<Tables>) => Promise<Record<string, number>>
  /** For a service that holds only what it has read: the tables that a rebuild empties, children before their parents. */
  readModel?: readonly string[]
  /** Spans of a subject beside those that the kit knows of. */
  spans?: (database: Kysely<Tables>, subject: string) => Promise<SpanView[]>
  /** Runs once before the service takes requests or events: puts right what a crash has left. */
  recover?: (context: ServiceContext<Tables>) => Promise<void>
}

export async function startService<Tables extends KitTables>(
  definition: ServiceDefinition<Tables>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const { name } = definition
  const settings = readSettings(name, env)
  const logger = pino({ name, level: settings.logLevel })
  const now = () => new Date()
  const startedAt = performance.now()
  const database = await definition.open(settings)
  const instanceName = settings.instance === 1 ? name : `${name}-${settings.instance}`
  const client = { brokers: settings.brokers, clientId: name }
  const relay = new Relay({
    database: kitTables(database),
    client,
    logger,
    lease: new Lease({ database: kitTables(database), what: 'relay', holder: instanceName, now }),
  })
  const context: ServiceContext<Tables> = { name, instanceName, settings, database, relay, logger, now }
  await definition.recover?.(context)

  const read: readonly Topic[] = subscriptions[name]
  const dead = deadLetterTopic(name)
  const reactions = definition.reactions(context)
  const reactContext = { database, reactions, now, onCommitted: () => relay.nudge() }
  const deadLetters = new DeadLetters({ topic: dead.name, client, database: kitTables(database) })
  const parkedKeys = new ParkedKeys<Tables>(reactContext, logger)
  const deadLetterTools = new DeadLetterTools<Tables>(reactContext, read)
  const processor = new BatchProcessor<Tables>({ ...reactContext, groupId: name, topics: read, deadLetters, logger })
  const deadlines = new DeadlineLoop<Tables>({
    ...reactContext,
    handlers: definition.deadlines?.(context) ?? {},
    logger,
  })
  const consumption = new Consumption({
    groupId: name,
    topics: read.map(topic => topic.name),
    client: { ...client, clientId: instanceName },
    logger,
    prepare: async () => {
      await ensureTopics(client, [...topics, dead])
      await carryOutReplay(kitTables(database), { client, groupId: name })
    },
    mustRejoin: () => isReplayWanted(kitTables(database)),
    handle: (batch, signal) => processor.process(batch, signal),
  })

  const app = createHttpServer(logger)
  addHealthRoutes(
    app,
    async (): Promise<ServiceStatus> => ({
      service: name,
      pid: process.pid,
      upMs: Math.round(performance.now() - startedAt),
      ready: consumption.state === 'running',
      relay: await relay.status(now()),
      replaying: await isReplayWanted(kitTables(database)),
      consumer: {
        state: consumption.state,
        ...processor.counts,
        ...(consumption.lastError === undefined ? {} : { lastError: consumption.lastError }),
        ...(processor.stuck === undefined ? {} : { stuck: processor.stuck }),
      },
      setAside: { ...(await countParked(kitTables(database))), deadLetters: await deadLetterTools.countOpen() },
      deadlines: await readDeadlines(kitTables(database)),
      done: await definition.done(database),
      books: await definition.books(database),
      recent: await readRecent(kitTables(database), recentEvents),
    }),
  )
  honourAtLeast(app as unknown as FastifyInstance, {
    database: kitTables(database),
    reads: read.map(topic => topic.name),
  })
  addOperations(app, {
    database: kitTables(database),
    parkedKeys,
    deadLetters: deadLetterTools,
    reads: read,
    readModel: definition.readModel ?? [],
    spans: async subject => {
      const { spans, ...trace } = await readSpans(database, { service: name, subject })
      return { ...trace, spans: [...spans, ...((await definition.spans?.(database, subject)) ?? [])] }
    },
  })
  definition.routes(app, context)
  const url = await app.listen({ host: '127.0.0.1', port: settings.port })
  relay.start()
  consumption.start()
  parkedKeys.start()
  deadlines.start()
  logger.info({ url, pid: process.pid }, 'started')

  const stop = async () => {
    await app.close()
    await consumption.stop()
    await parkedKeys.stop()
    await deadlines.stop()
    await relay.stop()
    await deadLetters.close()
    await database.destroy()
    logger.info('stopped')
  }
  return { url, stop }
}

/** A service's main: starts it and ties it to the process's signals. */
export async function runService<Tables extends KitTables>(definition: ServiceDefinition<Tables>): Promise<void> {
  try {
    const { stop } = await startService(definition)
    let stopping = false
    const onSignal = () => {
      if (stopping) process.exit(1)
      stopping = true
      setTimeout(() => process.exit(1), stopLimitMs).unref()
      void stop().then(() => process.exit(0))
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  } catch (error) {
    process.stderr.write(`${definition.name} could not start: ${(error as Error).message}\n`)
    process.exit(1)
  }
}
