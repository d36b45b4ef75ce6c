/** Gzip (RFC 1952), by node:zlib, which counts its output against the limit while it goes. */

import { gunzipSync, gzipSync } from 'node:zlib'
import type { Codec } from './codec.ts'

export const gzip: Codec = {
  compress: data => gzipSync(data),
  decompress: (data, maxDecompressedBytes) => gunzipSync(data, { maxOutputLength: Math.max(1, maxDecompressedBytes) }),
}
