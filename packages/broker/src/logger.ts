/**
 * What the broker needs of a logger: pino's shape, so that pino itself can be passed in. Fields first, then one sentence.
 * Anything that came from a client goes into fields, escaped by `printable`, never into the sentence.
 */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const ignore = (): undefined => undefined

/** Says nothing. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** Control, bidirectional-override and line-separator characters: what would let a client forge a log line. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Text from a client as it may stand in a log line: control characters escaped, at most `maxLength` characters. */
export function printable(text: string, maxLength = 256): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
  return cut.replace(unprintable, character => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}
