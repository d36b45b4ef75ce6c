/** The words that every contract shares. Money is a whole number of minor units (cents) beside its currency, never a float. */
import { z } from 'zod'

export const orderId = z.string().min(1)
export const currency = z.literal('EUR')
export const minorUnits = z.int().nonnegative()
export const sku = z.string().min(1).max(64)
export const orderLine = z.object({ sku, quantity: z.int().positive() })
export type OrderLine = z.output<typeof orderLine>

/** Text under a customer's key: AES-256-GCM, all parts in base64. */
export const sealed = z.object({ iv: z.base64(), tag: z.base64(), text: z.base64() })
export type Sealed = z.output<typeof sealed>
