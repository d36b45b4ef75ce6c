/**
 * What went wrong with a file: I/O that failed, or bytes that are not what they should be. Always names the file, and the position
 * where there is one. Never used for what a client did wrong (that is a KafkaError) or for a bug.
 */

import { KafkaError } from '@ottla/protocol'

/** `code` is the system's (`ENOSPC`, `EIO` …) or one of ours: `DAMAGED`, `IN_USE`, `UNSUPPORTED_LAYOUT`, `MISMATCH`. */
export interface StorageErrorDetails {
  path: string
  positionInBytes?: number
  code?: string
  cause?: unknown
}

export class StorageError extends Error {
  override readonly name = 'StorageError'
  /** The message without the place. */
  readonly reason: string
  readonly path: string
  readonly positionInBytes: number | undefined
  readonly code: string | undefined

  constructor(message: string, { path, positionInBytes, code, cause }: StorageErrorDetails) {
    super(
      `${message} (${path}${positionInBytes === undefined ? '' : ` at byte ${positionInBytes}`})`,
      cause === undefined ? undefined : { cause },
    )
    this.reason = message
    this.path = path
    this.positionInBytes = positionInBytes
    this.code = code
  }
}

/** The answer a client gets for a StorageError: KAFKA_STORAGE_ERROR, with the cause kept for the log. */
export function asKafkaError(error: Error): KafkaError {
  if (error instanceof KafkaError) return error
  const kafkaError = new KafkaError('KAFKA_STORAGE_ERROR', error.message)
  kafkaError.cause = error
  return kafkaError
}
