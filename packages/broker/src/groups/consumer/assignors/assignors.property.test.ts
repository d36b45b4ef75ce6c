/** What every assignment owes: each partition to one reader, as evenly as it can be, and as few of them moved as that allows. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countPartitions, hasPartition, noPartitions } from '../partitions.ts'
import type { Assignment, AssignmentQuestion } from './assignor.ts'
import { rangeAssignor } from './range-assignor.ts'
import { uniformAssignor } from './uniform-assignor.ts'

const counts = fc.record({ t: fc.nat(9), u: fc.nat(5), v: fc.nat(3) })
const readers = fc.array(fc.subarray(['t', 'u', 'v'] as const, { minLength: 0 }), { minLength: 1, maxLength: 6 })

function question(
  topics: Record<string, number>,
  reads: readonly (readonly string[])[],
  previous: Assignment = new Map(),
): AssignmentQuestion {
  return {
    members: reads.map((names, i) => ({
      memberId: `m${i}`,
      instanceId: i % 3 === 2 ? `i${i}` : null,
      topicIds: new Set(names),
      previous: previous.get(`m${i}`) ?? noPartitions,
    })),
    partitionCount: topicId => topics[topicId] ?? 0,
  }
}

function checkComplete(assignment: Assignment, { members, partitionCount }: AssignmentQuestion): void {
  assert.deepEqual([...assignment.keys()].sort(), members.map(({ memberId }) => memberId).sort())
  for (const topicId of new Set(members.flatMap(({ topicIds }) => [...topicIds]))) {
    for (let partition = 0; partition < partitionCount(topicId); partition++) {
      const owners = members.filter(({ memberId }) => hasPartition(assignment.get(memberId)!, topicId, partition))
      assert.equal(owners.length, 1, `${topicId}-${partition} has ${owners.length} owners`)
      assert.ok(owners[0]!.topicIds.has(topicId))
    }
  }
  const total = [...assignment.values()].reduce((sum, partitions) => sum + countPartitions(partitions), 0)
  const expected = [...new Set(members.flatMap(({ topicIds }) => [...topicIds]))]
  assert.equal(
    total,
    expected.reduce((sum, topicId) => sum + partitionCount(topicId), 0),
  )
}

for (const assignor of [uniformAssignor, rangeAssignor]) {
  test(`${assignor.name}: each partition goes to one member that reads it, whatever was before`, () => {
    fc.assert(
      fc.property(counts, readers, counts, readers, (before, readsBefore, now, reads) => {
        const previous = assignor.assign(question(before, readsBefore))
        const asked = question(now, reads, previous)
        checkComplete(assignor.assign(asked), asked)
      }),
    )
  })
}

test('uniform: equal readers have equal shares, and nothing moves that need not', () => {
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), (topics, sizeBefore, size) => {
      const all = Object.keys(topics)
      const previous = uniformAssignor.assign(
        question(
          topics,
          Array.from({ length: sizeBefore }, () => all),
        ),
      )
      const assignment = uniformAssignor.assign(
        question(
          topics,
          Array.from({ length: size }, () => all),
          previous,
        ),
      )
      const shares = [...assignment.values()].map(countPartitions)
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 1)
      let kept = 0
      for (const [memberId, partitions] of assignment) {
        for (const [topicId, ofTopic] of partitions) {
          for (const partition of ofTopic)
            if (hasPartition(previous.get(memberId) ?? noPartitions, topicId, partition)) kept++
        }
      }
      const total = shares.reduce((sum, share) => sum + share, 0)
      // A member that was there and stays keeps as much of what it had as its new share holds.
      const mayKeep = [...assignment].map(([id, of]) =>
        Math.min(countPartitions(of), countPartitions(previous.get(id) ?? noPartitions)),
      )
      assert.equal(
        kept,
        mayKeep.reduce((sum, count) => sum + count, 0),
      )
      assert.ok(kept <= total)
    }),
  )
})

test('uniform: different readers can give nothing more to who has two less', () => {
  fc.assert(
    fc.property(counts, readers, (topics, reads) => {
      const asked = question(topics, reads)
      const assignment = uniformAssignor.assign(asked)
      for (const { memberId } of asked.members) {
        for (const topicId of assignment.get(memberId)!.keys()) {
          for (const other of asked.members.filter(({ topicIds }) => topicIds.has(topicId))) {
            const more = countPartitions(assignment.get(memberId)!) - countPartitions(assignment.get(other.memberId)!)
            assert.ok(more < 2, `${memberId} has ${more} more than ${other.memberId}`)
          }
        }
      }
    }),
  )
})

test('range: members that read the same topics get the same numbers of each, static members first', () => {
  const asked = question({ t: 5, u: 5 }, [
    ['t', 'u'],
    ['t', 'u'],
    ['t', 'u'],
  ])
  const assignment = rangeAssignor.assign(asked)
  assert.deepEqual([...assignment.get('m2')!.get('t')!], [0, 1])
  assert.deepEqual([...assignment.get('m0')!.get('t')!], [2, 3])
  assert.deepEqual([...assignment.get('m1')!.get('u')!], [4])
})
