/**
 * Uuids are 22 characters of URL-safe base64, as Kafka prints them: exact, comparable with `===`, and usable as a Map key.
 */

/** "No uuid": what Kafka calls `Uuid.ZERO_UUID`. */
export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'

/**
 * A new uuid of version 4, from 16 random bytes that are drawn again where the text would begin with a dash: it would look like an
 * option on a command line. Kafka does the same.
 */
export function randomUuid(randomBytes: (count: number) => Buffer): string {
  for (;;) {
    const bytes = randomBytes(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const uuid = bytes.toString('base64url')
    if (!uuid.startsWith('-')) return uuid
  }
}
