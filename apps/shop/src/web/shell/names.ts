/** What things are called and which colour they have, everywhere on the page. The colours themselves are in shop.css. */
import type { Style } from '../../contracts/http.ts'

export const styleNames: Record<Style, string> = {
  events: 'Events',
  rest: 'REST',
  'rest-hardened': 'Hardened REST',
  mixed: 'Mixed',
}

/** The two families that the page sets side by side: a customer who waits for calls, and one who waits for the log. */
export const families = {
  calls: ['rest', 'rest-hardened'],
  log: ['events', 'mixed'],
} as const satisfies Record<string, readonly Style[]>

export type Family = keyof typeof families

export const groupNames = ['order', 'payment', 'inventory', 'notification'] as const

export const color = (name: string) => `var(--shop-${name})`

/** Of the topic `orders` (contracts/orders.ts): their places are kept before the first picture has come. */
export const partitionNumbers = [0, 1, 2, 3] as const
