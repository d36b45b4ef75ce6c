/**
 * The auditor compares the books of services that never compare them themselves: the bank's with the orders', the shelf's
 * with the reservations'. While events are on their way the books may differ; at rest they may not, in event style.
 * In plain REST style they may: a call back that nobody answered stays undone, and this is where it shows.
 */
import { style } from '../contracts/http.ts'
import type { ServiceStatus } from '../kit/health.ts'
import { optionalServices } from './fleet.ts'
import type { Check, ProcessView } from './snapshot.ts'

/** @param options `unchanged`: the books are as they were a look ago. They are read one after the other, so only then do they fit together. */
export function audit(
  processes: readonly ProcessView[],
  { unchanged }: { unchanged: boolean },
): { checks: Check[]; atRest: boolean } {
  const present = processes.filter(({ state, service }) => state !== 'stopped' || !isOptional(service))
  const books = (name: string) => {
    const process = processes.find(candidate => candidate.name === name)
    return (process?.status ?? process?.simulator)?.books
  }
  const order = books('order')
  const bankBook = books('bank')
  const inventory = books('inventory')
  const analytics = present.some(({ service }) => service === 'analytics') ? books('analytics') : undefined
  const services = present.filter(process => process.status !== null)
  const isHeard = present.every(({ name, answering }) => name === 'broker' || answering)
  if (!order || !bankBook || !inventory) return { checks: [], atRest: false }
  // The instances of a service share one database.
  const databases = new Map(services.map(({ service, status }) => [service, status]))
  const parked = [...databases.values()].reduce((sum, status) => sum + (status?.setAside.events ?? 0), 0)
  // What is parked will still have its effect, or a person will say that it won't: until then nothing is final.
  const nothingMoves =
    isHeard && parked === 0 && services.every(({ lag, status }) => lag === 0 && status !== null && isIdle(status))
  const value = (account: Record<string, number>, name: string) => account[name] ?? 0
  const inAllStyles = (name: string) => style.options.reduce((sum, style) => sum + value(order, `${style}.${name}`), 0)
  const confirmed = inAllStyles('confirmed.total')
  const bank = value(bankBook, 'balance')
  const reserved = value(inventory, 'reserved')
  const units = value(order, 'unitsConfirmed')
  const twice = value(bankBook, 'ordersChargedTwice')
  const open = inAllStyles('paying') + inAllStyles('pending')
  // An open order has a deadline: without one, and with nothing on its way, it would be stuck for ever.
  const atRest = nothingMoves && unchanged
  const crooked = value(inventory, 'skusOutOfBalance')
  /** What is still moving can't be judged; what is broken even so is broken. */
  const equal = (a: number, b: number) => (a === b ? true : atRest ? false : null)
  return {
    atRest,
    checks: [
      { name: 'No order is charged twice', ok: twice === 0, detail: `${twice} charged twice` },
      {
        name: 'The bank holds what confirmed orders cost',
        ok: equal(bank, confirmed),
        detail: `bank ${euros(bank)}, confirmed orders ${euros(confirmed)}`,
      },
      {
        name: 'Stock = on the shelf + reserved',
        ok: crooked === 0,
        detail: `${value(inventory, 'initial')} = ${value(inventory, 'available')} + ${reserved}`,
      },
      {
        name: 'Reserved is what confirmed orders hold',
        ok: equal(reserved, units),
        detail: `${reserved} reserved, ${units} in confirmed orders`,
      },
      {
        name: 'Nothing is parked',
        ok: parked === 0 ? true : null,
        detail: `${parked} events wait for a retry or a person`,
      },
      ...(analytics === undefined ? [] : [agreement(analytics, order, equal)]),
      { name: 'Every order has its outcome', ok: open === 0 ? true : atRest ? false : null, detail: `${open} open` },
    ],
  }
}

/** Analytics has only read the log, from its beginning: what it adds up must be what Order has decided. */
function agreement(
  analytics: Record<string, number>,
  order: Record<string, number>,
  equal: (a: number, b: number) => boolean | null,
): Check {
  const revenue = analytics.revenue ?? 0
  const decided = order['logged.confirmed.total'] ?? 0
  const sold = analytics.amount ?? 0
  return {
    name: 'Analytics has counted what Order decided',
    ok: sold === revenue ? equal(revenue, decided) : false,
    detail: `Analytics ${euros(revenue)}, Order ${euros(decided)}`,
  }
}

function isOptional(service: string): boolean {
  return optionalServices.some(optional => optional === service)
}

function isIdle({ relay, deadlines, replaying }: ServiceStatus): boolean {
  return relay.pending === 0 && deadlines.waiting + deadlines.overdue === 0 && !replaying
}

export function euros(minorUnits: number): string {
  return `€${(minorUnits / 100).toFixed(2)}`
}
