/**
 * The long form: anything dies, hangs or slows down at any moment, for hundreds of rounds, while customers order in every style.
 * After each round, with everybody back, the invariants hold: no acknowledged order lost, none charged twice, no stock below zero, every
 * order final. `npm run chaos -w apps/shop -- --rounds 200 --seed 7`; the seed of a failed run repeats its choices.
 *
 * Orders in plain REST style are not among them: what that style leaves behind is measured, not promised.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Style } from '../../src/contracts/http.ts'
import { seededRandom } from '../../src/load/arrivals.ts'
import type { ProcessName } from '../../src/stage/snapshot.ts'
import { type Answer, mugs, startShop } from '../shop.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
})
const rounds = Number(values.rounds)
const random = seededRandom(Number(values.seed))
const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!

const styles: readonly Style[] = ['events', 'mixed', 'rest-hardened']
const victims: readonly ProcessName[] = [
  'order',
  'payment',
  'inventory',
  'notification',
  'analytics',
  'bank',
  'mail',
  'broker',
]
const ordersPerRound = 40
const faultsPerRound = 4

process.stdout.write(`seed ${values.seed}, ${rounds} rounds\n`)
const shop = await startShop()
let acknowledged = 0
try {
  await shop.do('start', 'analytics')
  await shop.untilReady('analytics')
  for (let round = 1; round <= rounds; round += 1) {
    const customers = Array.from({ length: ordersPerRound }, (_, number) => order(`${round}-${number}`, pick(styles)))
    const told: string[] = []
    for (let fault = 0; fault < faultsPerRound; fault += 1) {
      await delay(random() * 400)
      told.push(await strike(pick(victims)))
    }
    const orderIds = (await Promise.all(customers)).filter(orderId => orderId !== undefined)
    await shop.assertInvariants()
    for (const orderId of orderIds) {
      const { status } = await shop.order(orderId)
      if (status !== 'confirmed' && status !== 'cancelled') throw new Error(`order ${orderId} is ${status}`)
    }
    acknowledged += orderIds.length
    process.stdout.write(`round ${round}: ${told.join(', ')}; ${orderIds.length} orders acknowledged and final\n`)
  }
  process.stdout.write(`${acknowledged} orders acknowledged, all final; every invariant held after every round\n`)
} catch (error) {
  process.stderr.write(`FAILED with seed ${values.seed}: ${(error as Error).stack}\n`)
  process.exitCode = 1
} finally {
  await shop.stop()
}

/** @returns what was done */
async function strike(victim: ProcessName): Promise<string> {
  if (victim === 'broker' && !shop.ownBroker) return 'the broker spared'
  const how = pick(['kill', 'kill', 'hang', 'slow'] as const)
  try {
    if (how === 'kill') await shop.do('kill', victim)
    if (how === 'hang') {
      await shop.do('hang', victim)
      await delay(random() * 2000)
      await shop.do('resume', victim)
    }
    if (how === 'slow') {
      await shop.setSpeed(victim, 20)
      await delay(random() * 1000)
      await shop.setSpeed(victim, 100)
    }
  } catch (error) {
    return `${how} ${victim} did not work: ${(error as Error).message}`
  }
  return `${how} ${victim}`
}

/** A careful customer: the same request with the same key until there is an answer. @returns undefined for an order that was refused */
async function order(key: string, style: Style): Promise<string | undefined> {
  for (;;) {
    const answer = await shop
      .post(mugs(1 + (key.length % 3)), { style, key })
      .catch((): Answer | undefined => undefined)
    if (answer?.status === 201 || answer?.status === 202) return answer.body.orderId
    if (answer?.status === 402) return undefined
    await delay(200)
  }
}
