/** `ottla start`: a broker in the foreground, until a signal stops it. */

import { readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import {
  Broker,
  formatHostAndPort,
  type Logger,
  parseProperties,
  SettingError,
  Settings,
  StorageError,
} from '@ottla/broker'
import { startControlServer } from '../control/control-server.ts'
import type { HttpServer } from '../http/http-server.ts'
import type { HostAndPort } from './command-line.ts'
import { exitStatus } from './exit-status.ts'
import { createLogger, type LogFormat, type LogLevel } from './logging.ts'
import { parsePort } from './port.ts'

export interface StartOptions {
  listen?: HostAndPort
  dataDir?: string
  durability: 'fsync' | 'os'
  config?: string
  /** Loopback; 0 asks the system. */
  httpPort?: number
  set: ReadonlyMap<string, string>
  /** False after `--no-console`, true by default, an address after `--console`. */
  console: HostAndPort | boolean
  logFormat?: LogFormat
  logLevel: LogLevel
}

/**
 * A broker's heap is small (some 13 MB) and its buffers lie outside of it, yet V8 counts them when it decides how far the heap may grow
 * before it marks everything anew: once for every 5 MB produced, a quarter of all CPU. With more room it does so several times less often, for some 30 MB.
 */
const heapGrowth = '--heap-growing-percent=200'

/** Ours: Kafka has no HTTP. */
const httpPortSetting = 'http.port'

/** Resolves to the exit status once the broker has stopped or could not start. */
export async function start(options: StartOptions): Promise<number> {
  if (typeof options.console === 'object') {
    process.stderr.write('ottla: this version has no web console yet: leave --console out\n')
    return exitStatus.usage
  }
  setFlagsFromString(heapGrowth)
  const format = options.logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json')
  const logger = await createLogger({ format, level: options.logLevel })
  const signalled = untilSignal() // also while it starts: it is stopped in order then
  let broker: Broker | undefined
  let http: HttpServer | null
  try {
    const properties = propertiesOf(options)
    const httpPort = takeHttpPort(properties)
    const settings = new Settings(properties, logger)
    broker = await Broker.start({ settings, logger, durability: options.durability })
    http = httpPort === null ? null : await startHttp(broker, httpPort, logger)
  } catch (error) {
    await broker?.stop()
    process.stderr.write(`ottla: ${reasonOf(error)}\n`)
    return exitStatus.failed
  }
  const control = await startControlServer({ logs: broker.logs, logger })
  const addresses = broker.addresses.map(address => `kafka://${formatHostAndPort(address)}`)
  if (http !== null) addresses.push(`http://127.0.0.1:${http.port}`)
  process.stdout.write(`Ottla is ready at ${addresses.join(', ')}\n`)
  flushCompileCache() // a broker that is killed would leave nothing for the next start
  const failure = await Promise.race([signalled, broker.failed])
  if (failure !== null) process.stderr.write(`ottla: ${failure.message}\n`)
  try {
    await http?.close()
    await control?.close()
    await broker.stop()
  } catch (error) {
    process.stderr.write(`ottla: ${reasonOf(error)}\n`)
    return exitStatus.failed
  }
  return failure === null ? exitStatus.ok : exitStatus.failed
}

/** The file's settings, `--set` over them, and the options of their own over both. */
function propertiesOf({ config, set, listen, dataDir, httpPort }: StartOptions): Map<string, string> {
  const properties = config === undefined ? new Map<string, string>() : parseProperties(readConfig(config))
  for (const [name, value] of set) properties.set(name, value)
  if (listen !== undefined) properties.set('listeners', `PLAINTEXT://${formatHostAndPort(listen)}`)
  if (dataDir !== undefined) properties.set('log.dirs', dataDir)
  if (httpPort !== undefined) properties.set(httpPortSetting, String(httpPort))
  return properties
}

/** Takes our own setting out: the rest is the broker's. Null: no HTTP. @throws SettingError */
function takeHttpPort(properties: Map<string, string>): number | null {
  const text = properties.get(httpPortSetting)
  if (text === undefined) return null
  properties.delete(httpPortSetting)
  const port = parsePort(text.trim())
  if (port === null) throw new SettingError(`${httpPortSetting} must be a port, 0 to 65535, not "${text}"`)
  return port
}

/** Loaded only where it is wanted: a start should not wait for it. */
async function startHttp(broker: Broker, port: number, logger: Logger): Promise<HttpServer> {
  const { startMetricsServer } = await import('../metrics/metrics-server.ts')
  try {
    return await startMetricsServer({ broker, port, logger })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error
    throw new SettingError(`${message}: choose another port with --http-port (0 takes a free one)`)
  }
}

function readConfig(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new SettingError(`The file of --config can't be read: ${(error as Error).message}`)
  }
}

/** The first signal stops the broker in order; a second one ends the process at once, which is as safe as a crash. */
function untilSignal(): Promise<null> {
  return new Promise(resolve => {
    let signals = 0
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        signals++
        if (signals > 1) process.exit(exitStatus.failed)
        resolve(null)
      })
    }
  })
}

/** One line that says what is wrong and what to do. A bug keeps its stack. */
function reasonOf(error: unknown): string {
  if (error instanceof SettingError || error instanceof StorageError) return error.message
  const { code, address, port, message, stack } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  const where = address === undefined ? '' : formatHostAndPort({ host: address, port: port ?? 0 })
  switch (code) {
    case 'EADDRINUSE':
      return `${where} is in use by another process: stop that one, or choose another address with --listen (port 0 takes a free one)`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${where || message} is no address of this machine: choose another one with --listen`
    case 'EACCES':
      return `${where || message}: this process may not listen there: choose a port above 1023 with --listen`
    default:
      return stack ?? String(error)
  }
}
