/**
 * How many orders in event style are accepted and carried to their end, and what it costs whom:
 * `npm run speed -w apps/shop -- --rate 500 --seconds 20`. Open loop: latency counts from the instant at which a customer was to come.
 * CPU time per process and 1,000 orders says what bounds it, also on a machine that is busy with other things.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { createHistogram } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { nextGapMs, ordinaryOrder, seededRandom } from '../../src/load/arrivals.ts'
import { postOrder } from '../../src/load/post-order.ts'
import type { Snapshot } from '../../src/stage/snapshot.ts'
import { startShop } from '../shop.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '20' },
    warmup: { type: 'string', default: '5' },
  },
})
const rate = Number(values.rate)
const seconds = Number(values.seconds)
const patienceMs = 10_000
/** Linux counts CPU time in hundredths of a second. */
const ticksPerSecond = 100

const shop = await startShop()
try {
  await crowd(Math.min(rate, 200), Number(values.warmup))
  const before = await shop.untilAtRest()
  const cpuBefore = cpuOf(before)
  const startedAt = performance.now()
  const { latencyUs, counts } = await crowd(rate, seconds)
  const sentAfterMs = performance.now() - startedAt
  const after = await shop.until('all carried to their end', ({ atRest }) => atRest, 600_000)
  const endedAfterMs = performance.now() - startedAt
  const orders = counts.accepted + counts.stored
  const perSecond = (count: number, ms: number) => ((count * 1000) / ms).toFixed(0)
  const lines = [
    `${rate} orders/s for ${seconds} s, ${cpus().length} cores`,
    `accepted    ${orders} (${perSecond(orders, sentAfterMs)}/s), of them ${counts.stored} with 202; failed ${counts.failed}`,
    `to the end  ${perSecond(orders, endedAfterMs)}/s; the last ${((endedAfterMs - sentAfterMs) / 1000).toFixed(1)} s after the last came`,
    `POST        p50 ${ms(latencyUs.percentile(50))}, p99 ${ms(latencyUs.percentile(99))}`,
    'CPU per 1,000 orders:',
    ...[...cpuOf(after)].map(([name, used]) => {
      const spent = (used - (cpuBefore.get(name) ?? 0)) / (orders / 1000)
      return `  ${name.padEnd(14)}${spent.toFixed(2)} s`
    }),
    ...after.checks.map(({ name, ok }) => `${ok === true ? 'ok   ' : 'WRONG'} ${name}`),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
} finally {
  await shop.stop()
}

async function crowd(ratePerSecond: number, forSeconds: number) {
  const random = seededRandom(1)
  const latencyUs = createHistogram()
  const counts = { accepted: 0, stored: 0, failed: 0 }
  const answers: Promise<void>[] = []
  const start = performance.now()
  let dueMs = start
  for (let number = 0; dueMs - start < forSeconds * 1000; number += 1) {
    const wait = dueMs - performance.now()
    if (wait > 1) await delay(wait)
    answers.push(one(number, dueMs))
    dueMs += nextGapMs(ratePerSecond, random)
  }
  await Promise.all(answers)
  return { latencyUs, counts }

  async function one(number: number, plannedMs: number): Promise<void> {
    const order = { style: 'events', idempotencyKey: randomUUID(), body: ordinaryOrder(number) } as const
    const { status } = await postOrder(shop.url, order, patienceMs)
    latencyUs.record(Math.max(1, Math.round((performance.now() - plannedMs) * 1000)))
    if (status === 201) counts.accepted += 1
    else if (status === 202) counts.stored += 1
    else counts.failed += 1
  }
}

/** CPU seconds that each process has used, the one that measures (with the gateway in it) as `stage`. */
function cpuOf({ processes }: Snapshot): Map<string, number> {
  const used = new Map<string, number>()
  for (const { name, pid } of [...processes, { name: 'stage', pid: process.pid }]) {
    if (pid === null) continue
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    used.set(name, (Number(fields[11]) + Number(fields[12])) / ticksPerSecond)
  }
  return used
}

function ms(us: number): string {
  return `${(us / 1000).toFixed(1)} ms`
}
