/** What a service is told by its environment. Checked at start, so that a wrong value stops it with one clear line. */
import { join } from 'node:path'
import { z } from 'zod'
import type { DatabasePlace } from './database.ts'

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  KAFKA_BROKERS: z
    .string()
    .default('127.0.0.1:9092')
    .transform(list => list.split(',').map(broker => broker.trim()))
    .refine(list => list.every(broker => /^.+:\d+$/.test(broker)), 'must be a list of HOST:PORT'),
  SHOP_DATA: z.string().min(1).default('shop-data'),
  DATABASE_URL: z.string().startsWith('postgres').optional(),
  SHOP_INSTANCE: z.coerce.number().int().min(1).default(1),
  ORDER_DEADLINE_MS: z.coerce.number().int().min(100).default(300_000),
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
  database: DatabasePlace
  /** Which of several processes of this service it is, from 1: its place in the consumer group is its own. */
  instance: number
  /** After this an order that has no outcome is cancelled. */
  orderDeadlineMs: number
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
  const dataDirectory = join(data.SHOP_DATA, service)
  return {
    port: data.PORT,
    brokers: data.KAFKA_BROKERS,
    dataDirectory,
    database:
      data.DATABASE_URL === undefined
        ? { file: join(dataDirectory, `${service}.sqlite`) }
        : { url: data.DATABASE_URL, schema: `shop_${service}` },
    instance: data.SHOP_INSTANCE,
    orderDeadlineMs: data.ORDER_DEADLINE_MS,
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
