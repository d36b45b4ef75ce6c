/**
 * Uuids are 22 characters of URL-safe base64, as Kafka prints them: exact, comparable with `===`, and usable as a Map key.
 */

const uuidBytes = 16

/** "No uuid": what Kafka calls `Uuid.ZERO_UUID`. */
export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Whether the text is a uuid in its canonical form, the only one that decoding produces. */
export function isUuid(text: string): boolean {
  return text.length === 22 && uuidFromBytes(Buffer.from(text, 'base64url')) === text
}

/** Throws a RangeError unless there are 16 bytes. */
export function uuidToBytes(uuid: string): Buffer {
  const bytes = Buffer.from(uuid, 'base64url')
  if (bytes.length !== uuidBytes) throw new RangeError(`not a uuid: ${JSON.stringify(uuid)}`)
  return bytes
}

/** The uuid made of the first 16 bytes. */
export function uuidFromBytes(bytes: Buffer): string {
  return bytes.toString('base64url', 0, uuidBytes)
}
