/** Why a command against a cluster failed, told apart by what its caller can do about it. */

/** No broker could be reached, or it is none: addresses and reasons are in the message. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** A topic, partition or group that is not there. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}

/** What was asked for can't be done as it was said, or would do harm: the message says what to do instead. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

export class TimedOutError extends Error {
  override readonly name = 'TimedOutError'
}
