/** The short form of `npm run simulate`: some seconds of power cuts with every `npm test`. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from './simulation.ts'

const lives = 12
const timeMs = 9_000

test('the same seed does the same, to the last line of its trace', async () => {
  const first = await simulate({ seed: 7, lives })
  const second = await simulate({ seed: 7, lives })
  assert.ok(first.trace.length > 100)
  assert.deepEqual(second, first)
})

test('no power cut, no kill and no failing disk takes back what was acknowledged or shown', async t => {
  const startedAt = performance.now()
  let powerCuts = 0
  let seed = 0
  while (performance.now() - startedAt < timeMs) {
    const { finding, powerCuts: cuts } = await simulate({ seed: ++seed, lives })
    assert.equal(finding, undefined, `npm run simulate -- --seed ${seed}`)
    powerCuts += cuts
  }
  t.diagnostic(`${seed} seeds, ${powerCuts} power cuts`)
  assert.ok(powerCuts > seed)
})
