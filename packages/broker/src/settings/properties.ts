/**
 * Java's properties syntax, as in Kafka's `server.properties`: `name=value`, `name: value` or `name value`; `#` and `!`
 * begin a comment; a backslash at the end of a line continues it; `\t \n \r \f \uXXXX` and `\` before any other character
 * are escapes. A later line of the same name wins. Never throws: every text is a valid properties file.
 */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (const line of logicalLines(text)) {
    const end = nameEnd(line)
    const value = line.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
    properties.set(resolveEscapes(line.slice(0, end)), resolveEscapes(value))
  }
  return properties
}

/** Lines with continuations joined, without comments and blank lines. */
function* logicalLines(text: string): Iterable<string> {
  let joined: string | null = null
  for (const physical of text.split(/\r\n|\r|\n/)) {
    const line = physical.replace(/^[ \t\f]+/, '')
    if (joined === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const isContinued = /(?:^|[^\\])(?:\\\\)*\\$/.test(line)
    joined = (joined ?? '') + (isContinued ? line.slice(0, -1) : line)
    if (isContinued) continue
    if (joined !== '') yield joined
    joined = null
  }
  if (joined !== null && joined !== '') yield joined
}

/** Position of the first separator that is not escaped. */
function nameEnd(line: string): number {
  for (let position = 0; position < line.length; position++) {
    const character = line[position]!
    if (character === '\\') position++
    else if (' \t\f=:'.includes(character)) return position
  }
  return line.length
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function resolveEscapes(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.?))/gs, (_, hex: string | undefined, character: string) =>
    hex === undefined ? (escapes[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
