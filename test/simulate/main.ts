/**
 * `npm run simulate`: power cuts, kills and restarts of the whole broker core on a simulated disk.
 *
 *   npm run simulate -- --seed 42              one seed, with its trace
 *   npm run simulate -- --seeds 1000           many, from 1 on
 *   npm run simulate -- --seeds 1000 --from 5000 --lives 20
 *   npm run simulate -- --seeds 1000 --stop    end at the first finding
 *
 * Exit status 1 when a seed broke the contract.
 */

import { parseArgs } from 'node:util'
import { simulate } from './simulation.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    lives: { type: 'string', default: '12' },
    stop: { type: 'boolean', default: false },
  },
})
const lives = Number(values.lives)
const first = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1
const total = { powerCuts: 0, kills: 0, cleanStops: 0, diskCalls: 0, requests: 0, acknowledgedBatches: 0 }
const findings: number[] = []
const startedAt = performance.now()
let reportedAt = startedAt
let done = 0

for (let seed = first; seed < first + count; seed++) {
  done++
  const result = await simulate({ seed, lives })
  for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += result[key]
  if (result.finding) {
    const { finding, trace } = result
    findings.push(seed)
    console.log(`\nSeed ${seed} broke the contract: ${finding.message}`)
    console.log((values.seed === undefined ? trace.slice(-40) : trace).join('\n'))
    if (finding.name !== 'ContractViolation') console.log(finding.stack)
    console.log(`Again: npm run simulate -- --seed ${seed} --lives ${lives}`)
    if (values.stop) break
  }
  if (performance.now() - reportedAt > 60_000) {
    reportedAt = performance.now()
    report(done)
  }
}
report(done)
process.exitCode = findings.length === 0 ? 0 : 1

function report(seeds: number): void {
  const minutes = (performance.now() - startedAt) / 60_000
  const perMinute = (n: number) => Math.round(n / minutes).toLocaleString('en')
  const all = Object.entries(total).map(([name, n]) => `${name} ${n.toLocaleString('en')}`)
  console.log(
    `${seeds} seeds in ${(minutes * 60).toFixed(1)} s (${perMinute(seeds)} a minute), ${all.join(', ')}; ${perMinute(total.powerCuts)} power cuts a minute; findings: ${findings.length === 0 ? 'none' : findings.join(', ')}`,
  )
}
