/** What a client is told when the log of groups could not take or give something: errors that group clients know how to handle. */

import { type ErrorName, KafkaError } from '@ottla/protocol'

const names: Partial<Record<ErrorName, ErrorName>> = {
  // Look for the coordinator again; on a single node that finds it once the disk has room again.
  KAFKA_STORAGE_ERROR: 'NOT_COORDINATOR',
  NOT_LEADER_OR_FOLLOWER: 'NOT_COORDINATOR',
  MESSAGE_TOO_LARGE: 'UNKNOWN_SERVER_ERROR',
  RECORD_LIST_TOO_LARGE: 'UNKNOWN_SERVER_ERROR',
}

/** @throws the error itself when it is not one of the log's answers but a bug */
export function coordinatorError(error: unknown): KafkaError {
  if (!(error instanceof KafkaError)) throw error
  return new KafkaError(names[error.errorName] ?? error.errorName, error.message)
}
