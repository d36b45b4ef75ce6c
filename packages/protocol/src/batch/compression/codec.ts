/** What a compression codec is, and how the native ones are loaded: at first use, because a start should not pay for them. */

/**
 * Whole buffers, synchronously. Both functions throw a plain Error that names what is wrong with the data, and CodecUnavailableError
 * where the fault is not the data's.
 */
export interface Codec {
  compress(data: Buffer): Buffer
  /** Stops before its result takes more than `maxDecompressedBytes`, and throws TooManyBytesError. */
  decompress(data: Buffer, maxDecompressedBytes: number): Buffer
}

/** The native module behind a codec can't be loaded on this machine: no fault of the data's. */
export class CodecUnavailableError extends Error {
  constructor(cause: unknown) {
    super('A compression codec can not be loaded on this machine', { cause })
    this.name = 'CodecUnavailableError'
  }
}

/** Loads once, when first called. */
export function lazily<Module>(load: () => Module): () => Module {
  let loaded: Module | undefined
  return () => {
    try {
      loaded ??= load()
      return loaded
    } catch (error) {
      throw new CodecUnavailableError(error)
    }
  }
}

/** The data may be well, but it is too large once it is unpacked. */
export class TooManyBytesError extends Error {
  constructor(maxDecompressedBytes: number) {
    super(`it unpacks to more than ${maxDecompressedBytes} bytes`)
    this.name = 'TooManyBytesError'
  }
}

/** For what node:zlib unpacks: it counts its output against the limit while it goes. */
export function withinLimit(
  maxDecompressedBytes: number,
  unpack: (limit: { maxOutputLength: number }) => Buffer,
): Buffer {
  try {
    return unpack({ maxOutputLength: Math.max(1, maxDecompressedBytes) })
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    throw isTooLarge ? new TooManyBytesError(maxDecompressedBytes) : error
  }
}
