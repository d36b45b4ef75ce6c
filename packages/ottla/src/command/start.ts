/** `ottla start`: a broker in the foreground, until a signal stops it. */

import { readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { Broker, formatHostAndPort, parseProperties, SettingError, Settings, StorageError } from '@ottla/broker'
import { startControlServer } from '../control/control-server.ts'
import type { HostAndPort } from './command-line.ts'
import { exitStatus } from './exit-status.ts'
import { createLogger, type LogFormat, type LogLevel } from './logging.ts'

export interface StartOptions {
  listen?: HostAndPort
  dataDir?: string
  durability: 'fsync' | 'os'
  config?: string
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
  let broker: Broker
  try {
    const settings = new Settings(propertiesOf(options), logger)
    broker = await Broker.start({ settings, logger, durability: options.durability })
  } catch (error) {
    process.stderr.write(`ottla: ${reasonOf(error)}\n`)
    return exitStatus.failed
  }
  const control = await startControlServer({ logs: broker.logs, logger })
  const addresses = broker.addresses.map(address => `kafka://${formatHostAndPort(address)}`)
  process.stdout.write(`Ottla is ready at ${addresses.join(', ')}\n`)
  flushCompileCache() // a broker that is killed would leave nothing for the next start
  const failure = await Promise.race([signalled, broker.failed])
  if (failure !== null) process.stderr.write(`ottla: ${failure.message}\n`)
  try {
    await control?.close()
    await broker.stop()
  } catch (error) {
    process.stderr.write(`ottla: ${reasonOf(error)}\n`)
    return exitStatus.failed
  }
  return failure === null ? exitStatus.ok : exitStatus.failed
}

/** The file's settings, `--set` over them, and the options of their own over both. */
function propertiesOf({ config, set, listen, dataDir }: StartOptions): Map<string, string> {
  const properties = config === undefined ? new Map<string, string>() : parseProperties(readConfig(config))
  for (const [name, value] of set) properties.set(name, value)
  if (listen !== undefined) properties.set('listeners', `PLAINTEXT://${formatHostAndPort(listen)}`)
  if (dataDir !== undefined) properties.set('log.dirs', dataDir)
  return properties
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
