/**
 * The one error that decoding bytes may throw: the bytes are not what the schema says. A connection that sent them is closed; the
 * process goes on. Anything else thrown while decoding is a bug.
 */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError'
}
