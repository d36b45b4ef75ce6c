/**
 * What stands before every request and response on the wire.
 */

import { type AnyApi, apis } from './apis.ts'
import { type DecodedMessage, int16, int32, message, nullable, type Reader, string } from './schema/index.ts'

/** The client id keeps its two-byte length in the flexible version too, so that any server can read it. */
export const requestHeader = message(
  'RequestHeader',
  { versions: '1-2', flexible: '2+' },
  {
    requestApiKey: int16(),
    requestApiVersion: int16(),
    correlationId: int32(),
    clientId: nullable(string(), { neverCompact: true }),
  },
)

export const responseHeader = message(
  'ResponseHeader',
  { versions: '0-1', flexible: '1+' },
  {
    correlationId: int32(),
  },
)

export type RequestHeader = DecodedMessage<typeof requestHeader>

export interface ReadRequestHeader {
  header: RequestHeader
  /** Undefined where no API has the key: the request cannot be answered. */
  api: AnyApi | undefined
}

/**
 * Reads the header in the version that its own API key and version call for; the reader is then at the request's first byte.
 * Whether the API has such a version is for the caller to find out. Throws MalformedMessageError.
 */
export function readRequestHeader(reader: Reader): ReadRequestHeader {
  const start = reader.position
  const key = reader.int16()
  const version = reader.int16()
  reader.position = start
  const api = apis.get(key)
  return { header: requestHeader.read(reader, api?.requestHeaderVersion(version) ?? 1), api }
}
