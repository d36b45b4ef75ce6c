/** What a service is told by its environment. Checked at start, so that a wrong value stops it with one clear line. */
import { join } from 'node:path'
import { z } from 'zod'

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  KAFKA_BROKERS: z
    .string()
    .default('127.0.0.1:9092')
    .transform(list => list.split(',').map(broker => broker.trim()))
    .refine(list => list.every(broker => /^.+:\d+$/.test(broker)), 'must be a list of HOST:PORT'),
  SHOP_DATA: z.string().min(1).default('shop-data'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  PAYMENT_URL: z.url().optional(),
  INVENTORY_URL: z.url().optional(),
  NOTIFICATION_URL: z.url().optional(),
  BANK_URL: z.url().optional(),
  MAIL_URL: z.url().optional(),
})

export type Neighbour = 'payment' | 'inventory' | 'notification' | 'bank' | 'mail'

export type ServiceSettings = {
  port: number
  brokers: string[]
  /** The directory of this service's own files. */
  dataDirectory: string
  logLevel: string
  /** Of the others that it calls, each from the variable of its name: PAYMENT_URL, BANK_URL, … */
  urls: Partial<Record<Neighbour, string | undefined>>
}

/** @throws Error naming the variable */
export function readSettings(service: string, env: NodeJS.ProcessEnv): ServiceSettings {
  const result = environment.safeParse(env)
  if (!result.success) {
    const issue = result.error.issues[0]
    throw new Error(`The environment variable ${issue?.path.join('.')} is wrong: ${issue?.message}`)
  }
  const { data } = result
  return {
    port: data.PORT,
    brokers: data.KAFKA_BROKERS,
    dataDirectory: join(data.SHOP_DATA, service),
    logLevel: data.LOG_LEVEL,
    urls: {
      payment: data.PAYMENT_URL,
      inventory: data.INVENTORY_URL,
      notification: data.NOTIFICATION_URL,
      bank: data.BANK_URL,
      mail: data.MAIL_URL,
    },
  }
}

/** @throws Error naming the variable */
export function requiredUrl({ urls }: ServiceSettings, neighbour: Neighbour): string {
  const url = urls[neighbour]
  if (url === undefined) throw new Error(`The environment variable ${neighbour.toUpperCase()}_URL is missing.`)
  return url
}
