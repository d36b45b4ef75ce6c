/**
 * Zstandard (RFC 8878), by node:zlib, which counts its output against the limit while it goes. A frame may ask for a window of up to
 * 128 MiB, as for Kafka; the decoder touches no more of it than it writes.
 */

import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { type Codec, withinLimit } from './codec.ts'

export const zstd: Codec = {
  compress: data => zstdCompressSync(data),
  decompress: (data, maxDecompressedBytes) =>
    withinLimit(maxDecompressedBytes, limit => zstdDecompressSync(data, limit)),
}
