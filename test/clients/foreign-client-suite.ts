/**
 * What every client in another language must get through: create, produce with its codecs, a group whose members come and go,
 * commits, a restart of the broker; and at the end every record was consumed once, none twice.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServerUnderTest } from '../support/server-under-test.ts'
import { until } from '../support/until.ts'
import { type ForeignClient, type ForeignMember, runForeign, startForeignMember } from './foreign-client.ts'

const partitions = 6
const recordsAtATime = 300
/** So that a member that was killed is not waited for long. */
const shortSessions = {
  'group.min.session.timeout.ms': 1_000,
  'group.consumer.min.session.timeout.ms': 1_000,
  'group.consumer.session.timeout.ms': 6_000,
  'group.consumer.min.heartbeat.interval.ms': 500,
  'group.consumer.heartbeat.interval.ms': 500,
}
const patience = { timeoutMs: 90_000 }

export function testForeignClient(client: ForeignClient): void {
  for (const protocol of client.protocols) {
    test(`${client.name}: a group of the ${protocol} protocol loses nothing and repeats nothing`, async () => {
      const server = await startServerUnderTest(shortSessions)
      const { address } = server
      const [topic, group] = ['orders', 'billing']
      const members: ForeignMember[] = []
      const join = () => members[members.push(startForeignMember(client, { address, topic, group, protocol })) - 1]!
      let produced = 0
      const produce = async (codec: string) => {
        await runForeign(client, 'produce', address, topic, String(produced), String(recordsAtATime), codec)
        produced += recordsAtATime
      }
      const consumed = () => members.flatMap(member => member.consumed)
      const state = () =>
        members.map(({ assigned, consumed, errors }) => ({ assigned, count: consumed.length, errors }))
      const untilConsumed = () =>
        until(`all ${produced} records are consumed`, () => consumed().length >= produced, { ...patience, state })
      const untilShared = (count: number) =>
        until(
          `${count} members share all partitions`,
          () => {
            const shares = members.map(({ assigned }) => assigned).filter(({ length }) => length > 0)
            const all = shares.flat()
            return shares.length === count && all.length === partitions && new Set(all).size === partitions
          },
          { ...patience, state },
        )
      try {
        await runForeign(client, 'create', address, topic, String(partitions))
        for (const codec of client.codecs) await produce(codec)
        join()
        await untilConsumed()
        join()
        const third = join()
        await untilShared(3)
        await produce('none')
        await untilConsumed()

        await server.stop()
        await server.start()
        await produce('none')
        await untilConsumed()

        await untilShared(3)
        await third.kill()
        await untilShared(2)
        await produce('none')
        await untilConsumed()

        // Everybody goes; who comes next begins where they were.
        await Promise.all(members.map(member => member.kill()))
        await produce('none')
        join()
        await untilConsumed()
        assert.deepEqual(
          consumed().toSorted((a, b) => a - b),
          Array.from({ length: produced }, (_, number) => number),
        )
      } finally {
        await Promise.all(members.map(member => member.kill()))
        await server.close()
      }
    })
  }
}
