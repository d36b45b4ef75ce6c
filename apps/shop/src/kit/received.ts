/** An event and where in the log it was read. */
import type { Envelope } from '../contracts/envelope.ts'

export type Received = { event: Envelope; topic: string; partition: number; offset: number }
