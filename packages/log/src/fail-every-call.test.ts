/**
 * The path of a record to the disk and back with each call to the disk failing in turn: no room, an error (a part may be done), or taking
 * long. Nothing that was acknowledged is lost, nothing else but a storage error is thrown, nothing hangs.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failEveryCall, type Step } from './testing/crash-explorer.ts'

const prepare: Step[] = [workload => workload.open(), workload => workload.create(0), workload => workload.append(30)]

/** Rolls segments, moves the log start, creates, deletes, stops and starts. */
const corePath: Step[] = [
  workload => workload.append(700, 20),
  workload => workload.append(1100, 700),
  workload => workload.append(900),
  workload => workload.create(1),
  workload => workload.deleteRecords(),
  workload => workload.append(20, 1000),
  workload => workload.delete(1),
  workload => workload.restart(),
  workload => workload.append(40),
  workload => workload.create(1),
]

for (const [what, fate] of Object.entries({
  'no room': { failure: 'ENOSPC' },
  'an input/output error': { failure: 'EIO' },
  'much time': { delayMs: 2 },
})) {
  test(`${what} at any call to the disk takes nothing back that was acknowledged`, { timeout: 120_000 }, async t => {
    const calls = await failEveryCall(corePath, { prepare, fate })
    t.diagnostic(`${calls} calls`)
    assert.ok(calls > 100)
  })
}
