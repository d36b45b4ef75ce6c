/** The proof: processes die in the middle of a spike, without warning, and nothing that was promised is lost or done twice. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type OrderDetail, orderAnswer } from '../src/contracts/http.ts'
import { type Answer, mugs, startShop } from './shop.ts'

const customers = 400
const customersAtOnce = 16

const shop = await startShop()
after(() => shop.stop())

test('kills in the middle of a spike lose no acknowledged order, charge none twice and leave the books balanced', async () => {
  const victims = ['payment', 'order', 'payment', 'broker', 'inventory', 'payment', 'notification', 'order'] as const
  const answered: string[] = []
  let placed = 0
  const customer = async () => {
    while (placed < customers) {
      placed += 1
      answered.push(await orderUntilAnswered(placed))
    }
  }
  const killer = async () => {
    for (const [index, victim] of victims.entries()) {
      const orders = Math.floor(((index + 1) * customers) / (victims.length + 1))
      await shop.until(`${orders} orders placed`, () => placed >= orders)
      if (victim === 'broker' && !shop.ownBroker) continue
      await shop.until(`${victim} running`, snapshot =>
        snapshot.processes.some(p => p.name === victim && p.state === 'running'),
      )
      await shop.do('kill', victim)
    }
  }
  await Promise.all([killer(), ...Array.from({ length: customersAtOnce }, customer)])
  assert.equal(new Set(answered).size, customers, 'each customer has an order of their own')

  const rest = await shop.untilAtRest()
  const crashes = rest.processes.reduce((sum, process) => sum + process.crashes, 0)
  assert.equal(crashes, shop.ownBroker ? victims.length : victims.length - 1)
  for (const check of rest.checks) assert.equal(check.ok, true, `${check.name}: ${check.detail}`)

  let cursor = ''
  const stored = new Map<string, string>()
  for (;;) {
    const page = await shop.get<{ orders: OrderDetail[]; next?: string }>(`/orders?limit=200${cursor}`)
    for (const order of page.orders) stored.set(order.orderId, order.status)
    if (page.next === undefined) break
    cursor = `&before=${page.next}`
  }
  assert.deepEqual(
    answered.filter(orderId => stored.get(orderId) !== 'confirmed'),
    [],
    'every acknowledged order is there, and confirmed',
  )
  assert.equal(stored.size, customers, 'and no order was made twice for one key')
  const status = (name: string) => rest.processes.find(process => process.name === name)
  assert.deepEqual(status('notification')?.status?.done, { received: customers, confirmed: customers, cancelled: 0 })
  assert.equal(status('mail')?.simulator?.books.delivered, 2 * customers, 'one mail per order and template')
})

/** What a careful client does: the same request with the same key, until there is an answer. */
async function orderUntilAnswered(number: number): Promise<string> {
  const key = randomUUID()
  const deadline = Date.now() + 60_000
  for (;;) {
    const answer = await shop
      .post(mugs(1 + (number % 3), `customer-${number}`), { key })
      .catch((): Answer | undefined => undefined)
    if (answer?.status === 201 || answer?.status === 202) return orderAnswer.parse(answer.body).orderId
    assert.ok(answer === undefined || answer.status === 503, JSON.stringify(answer?.body))
    assert.ok(Date.now() < deadline, 'no answer for a minute')
    // The client's own pause between its tries, not a wait of the test for something to happen.
    await delay(200)
  }
}
