/** Kafka's ids: sixteen bytes of a version 4 UUID, URL-safe base64, never with a leading dash (it would look like an option). */

export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'

export function randomUuid(randomBytes: (count: number) => Buffer): string {
  for (;;) {
    const bytes = randomBytes(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const uuid = bytes.toString('base64url')
    if (!uuid.startsWith('-')) return uuid
  }
}
