/**
 * What must be true of the shop whenever nothing is on its way (I1 to I7): the auditor's checks over the books, and what only a look
 * at the whole log can tell.
 *
 *   I1 the bank holds what confirmed orders cost            I5 per subject, sequences rise by one, whatever was sent twice
 *   I2 stock = on the shelf + reserved                      I6 what Analytics read is what Order decided
 *   I3 one charge, one reservation, one mail per key        I7 outboxes, parked keys and deadlines are empty
 *   I4 every accepted order has its outcome
 */
import assert from 'node:assert/strict'
import { Consumer, type Message } from '@platformatic/kafka'
import { topics } from '../src/contracts/topics.ts'
import type { Snapshot } from '../src/stage/snapshot.ts'

export function assertBooks(snapshot: Snapshot): void {
  for (const check of snapshot.checks) assert.equal(check.ok, true, `${check.name}: ${check.detail}`)
  for (const { name, status } of snapshot.processes) {
    if (status === null) continue
    assert.equal(status.relay.pending, 0, `I7: the outbox of ${name}`)
    assert.equal(status.setAside.events, 0, `I7: parked in ${name}`)
    assert.equal(status.deadlines.waiting + status.deadlines.overdue, 0, `I7: deadlines of ${name}`)
  }
  const books = (name: string) => {
    const process = snapshot.processes.find(candidate => candidate.name === name)
    return process?.simulator?.books ?? process?.status?.done ?? {}
  }
  const { received = 0, confirmed = 0, cancelled = 0 } = books('notification')
  assert.equal(
    books('mail').delivered,
    received + confirmed + cancelled,
    'I3: a mail for each that Notification stored',
  )
}

/** Reads all topics from their beginnings to their ends. */
export async function assertLog(brokers: string, events: number): Promise<void> {
  const records = await readAll(brokers, events)
  const seen = new Map<string, { sequence: number; ids: Set<string> }>()
  const charges = new Map<string, string>()
  for (const { topic, key, headers } of records) {
    const header = Object.fromEntries([...headers].map(pair => pair.map(String)))
    if (header.ce_id === undefined) continue // A test's poison.
    const writer = `${topic}/${header.ce_source}/${key}`
    const before = seen.get(writer) ?? { sequence: 0, ids: new Set<string>() }
    seen.set(writer, before)
    if (before.ids.has(header.ce_id)) continue
    before.ids.add(header.ce_id)
    assert.equal(Number(header.ce_sequence), before.sequence + 1, `I5: the sequence of ${writer}`)
    before.sequence += 1
    if (header.ce_type === 'shop.payment.charged.v1') {
      assert.equal(charges.get(String(key)), undefined, `I3: order ${key} is charged twice in the log`)
      charges.set(String(key), header.ce_id)
    }
  }
}

async function readAll(brokers: string, events: number): Promise<Message[]> {
  if (events === 0) return []
  const consumer = new Consumer({
    clientId: 'invariants',
    groupId: crypto.randomUUID(),
    bootstrapBrokers: brokers.split(','),
  })
  const stream = await consumer.consume({
    topics: topics.map(({ name }) => name),
    mode: 'earliest',
    autocommit: false,
    maxWaitTime: 500,
  })
  const records: Message[] = []
  for await (const message of stream) {
    records.push(message)
    if (records.length >= events) break
  }
  await consumer.close(true)
  return records
}
