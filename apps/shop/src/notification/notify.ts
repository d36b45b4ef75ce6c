/** Telling the customer, the same in every style: through the provider first, with the mail's own key, then what to store. */
import type { Kysely } from 'kysely'
import type { Template } from '../contracts/notifications.ts'
import type { NotificationTables } from './database.ts'
import type { MailProvider } from './mail.ts'

type Tables = Kysely<NotificationTables>

/** @returns a function that stores the mail; it says false when this mail had been stored before */
export async function notify(
  { database, provider }: { database: Tables; provider: MailProvider },
  mail: { orderId: string; customerId: string; template: Template; address?: string },
  traceparent = '',
): Promise<(transaction: Tables, now: Date) => Promise<boolean>> {
  const { orderId, customerId, template } = mail
  const known = await database
    .selectFrom('sent')
    .select('at')
    .where('order_id', '=', orderId)
    .where('template', '=', template)
    .executeTakeFirst()
  // Stored means sent: after a replay of the whole log nobody gets a second mail, even if the provider forgets its keys.
  if (known !== undefined) return async () => false
  await provider.send({ key: `${orderId}/${template}`, ...mail }, traceparent)
  return async (transaction, now) => {
    const result = await transaction
      .insertInto('sent')
      .values({ order_id: orderId, template, customer_id: customerId, at: now.toISOString() })
      .onConflict(conflict => conflict.doNothing())
      .executeTakeFirstOrThrow()
    return result.numInsertedOrUpdatedRows === 1n
  }
}
