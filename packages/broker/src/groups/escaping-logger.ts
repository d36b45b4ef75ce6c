/** A logger for fields that hold what clients have sent: group ids, member ids, reasons. No client forges a log line by them. */

import { type Logger, printable } from '../logger.ts'

export function escapingLogger(logger: Logger): Logger {
  return {
    debug: (fields, message) => logger.debug(escaped(fields), message),
    info: (fields, message) => logger.info(escaped(fields), message),
    warn: (fields, message) => logger.warn(escaped(fields), message),
    error: (fields, message) => logger.error(escaped(fields), message),
  }
}

function escaped(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, escapedValue(value)]))
}

function escapedValue(value: unknown): unknown {
  if (typeof value === 'string') return printable(value)
  return Array.isArray(value) ? value.map(escapedValue) : value
}
