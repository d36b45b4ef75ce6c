/** Gzip (RFC 1952), by node:zlib, which counts its output against the limit while it goes. */

import { gunzipSync, gzipSync } from 'node:zlib'
import { type Codec, withinLimit } from './codec.ts'

export const gzip: Codec = {
  compress: data => gzipSync(data),
  decompress: (data, maxDecompressedBytes) => withinLimit(maxDecompressedBytes, limit => gunzipSync(data, limit)),
}
