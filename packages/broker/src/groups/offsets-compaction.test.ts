/** `__consumer_offsets` is compacted while the broker runs, so that a start costs the same however much was ever committed. */

import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { test } from 'node:test'
import { errorName, offsetCommit, offsetFetch } from '@ottla/protocol'
import { TestBroker } from '../testing/test-broker.ts'

/** Offsets committed; a million with OTTLA_COMMITS=1000000. */
const commitCount = Number(process.env.OTTLA_COMMITS ?? 60_000)
const groupCount = 5
const partitionCount = 200
const segmentBytes = 1024 * 1024

test('a broker starts as fast after many commits as after few, and remembers the last ones', async t => {
  await using broker = await TestBroker.start({
    'offsets.topic.num.partitions': '1',
    'offsets.topic.segment.bytes': String(segmentBytes),
    'log.cleaner.backoff.ms': '50',
  })
  await broker.createTopic('t', { partitions: partitionCount })
  const path = `${broker.path}/data/__consumer_offsets-0`
  let round = 0
  for (let committed = 0; committed < commitCount; committed += partitionCount, round++) {
    const partitions = Array.from({ length: partitionCount }, (_, partitionIndex) => ({
      partitionIndex,
      committedOffset: round,
      committedLeaderEpoch: -1,
      committedMetadata: '',
    }))
    const topics = [{ name: 't', partitions }]
    const request = { groupId: `group-${round % groupCount}`, generationIdOrMemberEpoch: -1, memberId: '', topics }
    const answer = await broker.request(offsetCommit, 9, request)
    assert.equal(answer.topics[0]!.partitions[0]!.errorCode, 0)
  }
  // What is left: one record for each group and partition, and the segments that were not due yet.
  const dueBy = performance.now() + 120_000
  const boundBytes = 4 * segmentBytes
  while ((await sizeOf(path)) > boundBytes && performance.now() < dueBy) {
    await new Promise(resolve => setTimeout(resolve, 50)) // compaction tells nobody when it has been
  }
  const sizeInBytes = await sizeOf(path)
  assert.ok(sizeInBytes <= boundBytes, `${sizeInBytes} bytes are left`)

  const startedAt = performance.now()
  await broker.restart()
  const lastRound = round - 1
  const groupId = `group-${lastRound % groupCount}`
  const groups = [{ groupId, topics: [{ name: 't', partitionIndexes: [0, partitionCount - 1] }] }]
  const ask = () => broker.request(offsetFetch, 8, { groups, requireStable: true })
  let answer = await ask()
  while (errorName(answer.groups[0]!.errorCode) === 'COORDINATOR_LOAD_IN_PROGRESS') answer = await ask()
  const tookMs = performance.now() - startedAt
  const offsets = answer.groups[0]!.topics[0]!.partitions.map(({ committedOffset }) => Number(committedOffset))
  assert.deepEqual(offsets, [lastRound, lastRound])
  t.diagnostic(
    `${commitCount} offsets committed, ${sizeInBytes} bytes are left, stop and start took ${tookMs.toFixed(0)} ms`,
  )
})

/** Of the log files; one that compaction takes away meanwhile counts nothing. */
async function sizeOf(path: string): Promise<number> {
  const names = (await readdir(path)).filter(name => name.endsWith('.log'))
  const sizes = await Promise.all(names.map(name => stat(`${path}/${name}`).catch(() => ({ size: 0 }))))
  return sizes.reduce((sum, { size }) => sum + size, 0)
}
