/** `ottla group …` */

import type { Cluster } from '../../client/cluster.ts'
import { NotFoundError, RefusedError } from '../../client/errors.ts'
import { type GroupDetails, groupOf, groupsOf, moveOffsets, removeGroup } from '../../client/groups.ts'
import { offsetAt, offsetOf } from '../../client/offsets.ts'
import { note, printJson, printTable } from './output.ts'
import type { Place } from './place.ts'
import { type ClientOptions, confirm, withCluster } from './session.ts'

export function listGroups(options: ClientOptions): Promise<number> {
  return withCluster(options, async cluster => {
    const groups = await groupsOf(cluster)
    if (options.json) for (const group of groups) printJson(group)
    else
      printTable(
        ['GROUP', 'TYPE', 'STATE'],
        groups.map(({ groupId, type, state }) => [groupId, type, state]),
      )
  })
}

export function describeGroup(groupId: string, options: ClientOptions): Promise<number> {
  return withCluster(options, async cluster => {
    const group = await groupOf(cluster, groupId)
    if (options.json) {
      printJson(group)
      return
    }
    const { state, type, members, partitions } = group
    note(`${groupId} is ${state}${type && ` (${type})`}, with ${members.length} members`)
    printTable(
      ['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG'],
      partitions.map(({ topic, partition, committedOffset, endOffset, lag }) => [
        topic,
        partition,
        committedOffset,
        endOffset,
        lag,
      ]),
    )
    if (members.length === 0) return
    process.stdout.write('\n')
    printTable(
      ['MEMBER', 'CLIENT', 'HOST'],
      members.map(({ memberId, clientId, host }) => [memberId, clientId, host]),
    )
  })
}

export function deleteGroup(groupId: string, options: ClientOptions & { yes?: boolean; dryRun?: boolean }) {
  return withCluster(options, async cluster => {
    refuseLive(await groupOf(cluster, groupId))
    if (options.dryRun) {
      note(`Would delete ${groupId}`)
      return
    }
    await confirm(`Deletes the group ${groupId} and where it has read to`, options)
    await removeGroup(cluster, groupId)
    note(`Deleted ${groupId}`)
  })
}

export interface ResetGroupOptions extends ClientOptions {
  readonly to: Place
  /** Default: every topic of which something is committed. */
  readonly topic?: string
  readonly partition?: number
  readonly dryRun?: boolean
  readonly yes?: boolean
}

interface Move {
  readonly topic: string
  readonly partition: number
  /** Null: nothing is committed. */
  readonly from: number | null
  readonly offset: number
}

export function resetGroup(groupId: string, options: ResetGroupOptions): Promise<number> {
  return withCluster(options, async cluster => {
    const group = await groupOf(cluster, groupId).catch(error => {
      // A group may be given its offsets before its first member comes.
      if (!(error instanceof NotFoundError) || options.topic === undefined) throw error
      return null
    })
    if (group !== null) refuseLive(group)
    const moves = await planMoves(cluster, group, options)
    if (moves.length === 0) throw new NotFoundError(`Group ${groupId} has committed nothing: name a topic with --topic`)
    if (options.json)
      for (const { topic, partition, from, offset } of moves) printJson({ topic, partition, from, to: offset })
    else
      printTable(
        ['TOPIC', 'PARTITION', 'FROM', 'TO'],
        moves.map(({ topic, partition, from, offset }) => [topic, partition, from, offset]),
      )
    if (options.dryRun) return
    await confirm(`Moves ${groupId} as shown`, options)
    await moveOffsets(cluster, groupId, moves)
    note(`Moved ${groupId}`)
  })
}

function refuseLive({ groupId, members }: GroupDetails): void {
  if (members.length === 0) return
  const clients = [...new Set(members.map(({ clientId, host }) => `${clientId} (${host})`))]
  throw new RefusedError(`Group ${groupId} has ${members.length} members, stop them first: ${clients.join(', ')}`)
}

async function planMoves(cluster: Cluster, group: GroupDetails | null, options: ResetGroupOptions): Promise<Move[]> {
  const committed = group?.partitions ?? []
  const names = options.topic === undefined ? new Set(committed.map(({ topic }) => topic)) : [options.topic]
  const moves: Move[] = []
  for (const name of names) {
    const topic = await cluster.topic(name)
    const chosen = topic.partitions.filter(
      ({ partition }) => options.partition === undefined || partition === options.partition,
    )
    if (chosen.length === 0) throw new NotFoundError(`${name} has no partition ${options.partition}`)
    for (const { partition } of chosen) {
      const found = committed.find(progress => progress.topic === name && progress.partition === partition)
      const from = found?.committedOffset ?? null
      moves.push({
        topic: name,
        partition,
        from,
        offset: await offsetFor(cluster, { topic: name, partition, from }, options.to),
      })
    }
  }
  return moves
}

/** Within what the partition holds: an offset outside of it would send the consumer to its own default. */
async function offsetFor(
  cluster: Cluster,
  { topic, partition, from }: { topic: string; partition: number; from: number | null },
  to: Place,
): Promise<number> {
  const place = { topic, partition }
  const start = await offsetOf(cluster, place, offsetAt.beginning)
  const end = await offsetOf(cluster, place, offsetAt.end)
  const within = (offset: number): number => Math.min(Math.max(offset, start), end)
  switch (to.kind) {
    case 'beginning':
      return start
    case 'end':
      return end
    case 'offset':
      return within(to.offset)
    case 'time':
      return offsetOf(cluster, place, to.timestampMs)
    case 'shift':
      return within((from ?? start) + to.by)
  }
}
