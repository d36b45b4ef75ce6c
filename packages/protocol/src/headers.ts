/**
 * What stands before every request and response on the wire. Which version of them, an API says: `api.requestHeaderVersion(version)`.
 */

import { int16, int32, message, nullable, string } from './schema/index.ts'

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
