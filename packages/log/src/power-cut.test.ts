/**
 * Every workload of up to two storage operations (three with OTTLA_EXHAUSTIVE=3), the power cut during each of its calls, and every disk
 * that may be left; and the defects that the simulator has found, each by name.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explore, type Step } from './testing/crash-explorer.ts'

const operations: Record<string, Step> = {
  'append a small batch': workload => workload.append(20),
  'append a batch of three sectors': workload => workload.append(1100),
  'append two batches at once': workload => workload.append(700, 20),
  'delete records': workload => workload.deleteRecords(),
  'create a partition': workload => workload.create(1),
  'delete a partition': workload => workload.delete(1),
  'stop and start': workload => workload.restart(),
}
const longest = Number(process.env.OTTLA_EXHAUSTIVE ?? 2)
const ready: Step[] = [workload => workload.open(), workload => workload.create(0), workload => workload.append(30)]

function workloads(length: number): string[][] {
  if (length === 0) return [[]]
  return workloads(length - 1).flatMap(before => Object.keys(operations).map(name => [...before, name]))
}

for (let length = 1; length <= longest; length++) {
  test(`whatever a loss of power leaves of ${length === 1 ? 'one operation' : `${length} operations`} keeps every promise`, async t => {
    let calls = 0
    let disks = 0
    for (const names of workloads(length)) {
      try {
        const steps = names.map(name => operations[name]!)
        // Cuts during the first operations are those of the shorter workloads.
        const explored = await explore(steps.slice(-1), [...ready, ...steps.slice(0, -1)])
        calls += explored.calls
        disks += explored.disks
      } catch (error) {
        if (error instanceof Error) error.message = `${names.join(', ')}: ${error.message}`
        throw error
      }
    }
    t.diagnostic(`${workloads(length).length} workloads, ${calls} calls, ${disks} disks`)
    assert.ok(disks > calls)
  })
}

test('whatever a loss of power leaves of the first start is a place to start again', async () => {
  await explore([workload => workload.open(), workload => workload.create(0), workload => workload.append(20)])
})
