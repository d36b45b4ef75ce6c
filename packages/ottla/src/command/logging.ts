/** Logs of the command: to standard error always, for people on a terminal and as JSON lines for programs. */

import { pino } from 'pino'

export type LogFormat = 'pretty' | 'json'
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const standardError = 2

export async function createLogger({ format, level }: { format: LogFormat; level: LogLevel }): Promise<pino.Logger> {
  const options: pino.LoggerOptions = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (format === 'json') return pino(options, pino.destination({ dest: standardError, sync: true }))
  const { default: pretty } = await import('pino-pretty')
  const stream = pretty({
    destination: standardError,
    sync: true,
    colorize: process.stderr.isTTY === true && process.env.NO_COLOR === undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname',
    singleLine: true,
  })
  return pino(options, stream)
}
