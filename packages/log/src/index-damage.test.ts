/** Index files are hints: whatever stands in them, reads and searches by time give the same answers. */

import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { LogDirectory } from './log-directory.ts'
import type { PartitionLog } from './partition-log.ts'
import { appendDurably, readValues } from './testing/batches.ts'
import { logFixture } from './testing/log-fixture.ts'
import { RecordingLogger } from './testing/recording-logger.ts'

const recordCount = 24

async function answers(log: PartitionLog): Promise<unknown> {
  const found: unknown[] = []
  for (let offset = 0; offset < recordCount; offset += 3) found.push((await readValues(log, offset, 300))[0])
  for (let timestamp = 0; timestamp <= recordCount * 100; timestamp += 150) {
    found.push((await log.offsetForTimestamp(timestamp))?.offset)
  }
  return [found, await log.maxTimestamp(), log.logEndOffset]
}

test('any byte of any index changed makes no difference', async t => {
  const fixture = await logFixture(t, { config: { segmentBytes: 900, indexIntervalBytes: 100 } })
  for (let i = 0; i < recordCount; i++) {
    await appendDurably(fixture.log, { values: [`v${i}`.padEnd(40)], timestamp: (i ^ 1) * 100 + 100 })
  }
  const expected = await answers(fixture.log)
  const { config } = fixture.log
  await fixture.directory.close()
  const names = (await readdir(`${fixture.path}/orders-0`)).filter(name => /index$/.test(name))
  assert.equal(names.length, 2 * 3)
  const { path } = fixture
  for (const name of names) {
    const original = await readFile(`${fixture.path}/orders-0/${name}`)
    for (let at = 0; at < original.length; at++) {
      const changed = Buffer.from(original)
      changed[at]! ^= 1 << (at % 8)
      await writeFile(`${path}/orders-0/${name}`, changed)
      const directory = await LogDirectory.open({ path, logger: new RecordingLogger(), defaultConfig: config })
      const log = directory.get('orders', 0)!
      assert.deepEqual(await answers(log), expected, `byte ${at} of ${name}`)
      await directory.close()
    }
    await writeFile(`${path}/orders-0/${name}`, original)
  }
})
