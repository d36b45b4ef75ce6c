/**
 * Pattern: crypto-shredding. Personal data goes into a log that keeps for ever only under a key of its person's own; the key can
 * be lost, and with it all that it sealed, wherever copies are.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Sealed } from '../contracts/common.ts'

const cipher = 'aes-256-gcm'

/** @returns 256 bits in base64 */
export function newKey(): string {
  return randomBytes(32).toString('base64')
}

export function seal(key: string, text: string): Sealed {
  const iv = randomBytes(12)
  const encryption = createCipheriv(cipher, Buffer.from(key, 'base64'), iv)
  const bytes = Buffer.concat([encryption.update(text, 'utf8'), encryption.final()])
  return {
    iv: iv.toString('base64'),
    tag: encryption.getAuthTag().toString('base64'),
    text: bytes.toString('base64'),
  }
}

/** @throws Error when the key is another, or the text was changed */
export function unseal(key: string, { iv, tag, text }: Sealed): string {
  const decryption = createDecipheriv(cipher, Buffer.from(key, 'base64'), Buffer.from(iv, 'base64'))
  decryption.setAuthTag(Buffer.from(tag, 'base64'))
  return Buffer.concat([decryption.update(Buffer.from(text, 'base64')), decryption.final()]).toString('utf8')
}
