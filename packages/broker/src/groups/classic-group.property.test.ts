/**
 * Random lives of a group: members of all kinds join, sync, send heartbeats, leave, fall silent and come back, the disk is slow or
 * full, the process is stopped and goes on. Whatever the order, the invariants of a group hold.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaError } from '@ottla/protocol'
import fc from 'fast-check'
import { GroupHarness, type JoinOptions, type Pending, subscription } from '../testing/group-harness.ts'
import type { JoinResult, SyncResult } from './results.ts'

interface Client {
  options: JoinOptions
  memberId: string
  generationId: number
  join: Pending<JoinResult> | null
  sync: Pending<SyncResult> | null
  /** The member and its generation when it asked: it may have forgotten both when the answer comes. */
  syncedAs: string
}

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('join' as const), client: fc.nat(4), topic: fc.constantFrom('t', 'u') }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('sync' as const), client: fc.nat(4) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('heartbeat' as const), client: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), client: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('forget' as const), client: fc.nat(4) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 12_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: fc.integer({ min: 1, max: 60_000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hold' as const), holds: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('disk' as const), isFull: fc.boolean() }) },
)

/** Five clients: two dynamic ones, an old one, two static ones. */
function clients(): Client[] {
  const options: JoinOptions[] = [
    {},
    { rebalanceTimeoutMs: 5_000 },
    { isOldClient: true },
    { groupInstanceId: 'one', isOldClient: true },
    { groupInstanceId: 'two', isOldClient: true, canSkipAssignment: false, sessionTimeoutMs: 6_000 },
  ]
  return options.map(each => ({ options: each, memberId: '', generationId: -1, join: null, sync: null, syncedAs: '' }))
}

/** What a client is told to its face: the reaction of Kafka's own clients. */
function react(client: Client, act: () => void): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    assert.notEqual(error.errorName, 'UNKNOWN_SERVER_ERROR')
    if (error.errorName === 'UNKNOWN_MEMBER_ID' || error.errorName === 'FENCED_INSTANCE_ID') client.memberId = ''
  }
}

for (const initialRebalanceDelayMs of [0, 3_000]) {
  test(`keeps its invariants whatever happens (first rebalance delayed by ${initialRebalanceDelayMs} ms)`, () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120, size: 'max' }), actions => {
        const harness = new GroupHarness({ settings: { initialRebalanceDelayMs, maxSize: 4 } })
        const all = clients()
        const assigned = new Map<string, string>()
        let generationBefore = 0
        for (const step of actions) {
          const client = 'client' in step ? all[step.client]! : all[0]!
          const identity = { groupInstanceId: client.options.groupInstanceId ?? null }
          switch (step.kind) {
            case 'join':
              react(client, () => {
                client.join = harness.join({
                  ...client.options,
                  memberId: client.memberId,
                  protocols: [{ name: 'range', metadata: subscription(step.topic) }],
                })
              })
              break
            case 'sync':
              react(client, () => {
                const assignments = Object.fromEntries(
                  [...harness.group.members.keys()].map(id => [id, `${harness.group.generationId} ${id}`]),
                )
                client.syncedAs = `${client.memberId} in ${client.generationId}`
                client.sync = harness.sync(client.memberId, { generationId: client.generationId, assignments })
              })
              break
            case 'heartbeat':
              react(client, () => harness.heartbeat(client.memberId, client.generationId))
              break
            case 'leave':
              harness.leave({ memberId: client.memberId, ...identity })
              break
            case 'forget':
              client.memberId = ''
              break
            case 'advance':
              harness.time.advance(step.ms)
              break
            case 'pause':
              harness.time.pause(step.ms)
              break
            case 'hold':
              harness.holdsStores = step.holds
              if (!step.holds) harness.completeStores()
              break
            case 'disk':
              harness.completeStores(step.isFull ? new KafkaError('NOT_COORDINATOR') : undefined)
              break
          }
          for (const each of all) hear(each, assigned)
          check(harness, generationBefore)
          generationBefore = harness.group.generationId
        }
        harness.holdsStores = false
        harness.completeStores()
        // Nobody says anything any more: the group must come to rest, empty, with everyone answered.
        harness.time.advance(3_600_000)
        for (const each of all) {
          if (each.join) assert.equal(each.join.count, 1, 'a JoinGroup is answered exactly once')
          if (each.sync) assert.equal(each.sync.count, 1, 'a SyncGroup is answered exactly once')
        }
        assert.equal(harness.group.state, 'Empty')
        assert.equal(harness.group.pendingMembers.size, 0)
        assert.equal(harness.time.size, 0, 'no timer is left')
      }),
      { numRuns: 1000 },
    )
  })
}

/** Takes in what was answered. Within one generation a member never learns of two different assignments. */
function hear(client: Client, assigned: Map<string, string>): void {
  const joined = client.join?.result
  if (joined) {
    assert.equal(client.join?.count, 1)
    if (joined.error === 'NONE' || joined.error === 'MEMBER_ID_REQUIRED') client.memberId = joined.memberId
    if (joined.error === 'NONE') client.generationId = joined.generationId!
    if (joined.error === 'UNKNOWN_MEMBER_ID') client.memberId = ''
    client.join = null
  }
  const synced = client.sync?.result
  if (synced) {
    assert.equal(client.sync?.count, 1)
    if (synced.error === 'NONE') {
      const key = client.syncedAs
      const text = synced.assignment!.toString()
      assert.equal(assigned.get(key) ?? text, text, `${key} got two assignments`)
      assigned.set(key, text)
    }
    client.sync = null
  }
}

function check({ group, context }: GroupHarness, generationBefore: number): void {
  assert.ok(group.generationId >= generationBefore, 'the generation never goes back')
  if (group.members.size === 0) assert.ok(group.state === 'Empty' || group.state === 'PreparingRebalance')
  else assert.notEqual(group.state, 'Empty')
  assert.ok(group.awaitingJoinCount <= context.settings.maxSize, 'no more join than the group may have')
  if (group.members.size > 0)
    assert.ok(group.leaderId !== null && group.members.has(group.leaderId), 'the leader is a member')
  const instances = new Set<string>()
  for (const member of group.members.values()) {
    if (member.isAwaitingSync) assert.equal(group.state, 'CompletingRebalance')
    if (member.isAwaitingJoin) assert.ok(group.state === 'PreparingRebalance' || group.state === 'Stable')
    if (member.groupInstanceId === null) continue
    assert.ok(!instances.has(member.groupInstanceId), 'one member for each static identity')
    instances.add(member.groupInstanceId)
    assert.equal(group.staticMemberId(member.groupInstanceId), member.memberId)
  }
  for (const memberId of group.pendingSyncMembers) assert.ok(group.members.has(memberId))
  if (group.state === 'PreparingRebalance') assert.ok(group.phaseDeadline !== null, 'a join phase always ends')
}
