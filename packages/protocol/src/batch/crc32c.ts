/** CRC-32C (Castagnoli), as record batches carry it: native, over a range of a buffer without a copy. Unsigned 32 bits. */

import { crc32c as nativeCrc32c } from '@node-rs/crc32'

/** The checksum of the bytes from `start` to `end` (exclusive). */
export function crc32c(buffer: Buffer, start = 0, end = buffer.length): number {
  return nativeCrc32c(start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end))
}
