import { deleteRecords, fetch, initProducerId, listOffsets, produce, type RequestInput } from '@ottla/protocol'
import { everyVersion, type Scenario } from '../scenario.ts'
import { batch, fetchRequest, produceRequest } from './requests.ts'

export const deleteRecordsScenarios: readonly Scenario[] = [
  ...everyVersion(deleteRecords, 'up to an offset', async (t, version) => {
    const topic = await t.topic('a', { partitions: 2 })
    for (const values of [
      ['a', 'b'],
      ['c', 'd', 'e'],
    ])
      await t.prepare(produce, 12, produceRequest(topic, batch(values)))
    const ask = (offset: number | bigint, partitionIndex = 0, name = topic.name) =>
      t.ask(deleteRecords, version, { topics: [{ name, partitions: [{ partitionIndex, offset }] }], timeoutMs: 10_000 })
    for (const offset of [0, 1, 1, 0, 3]) {
      await ask(offset)
      const partitions = [{ partitionIndex: 0, timestamp: -2 }]
      await t.ask(listOffsets, 7, { replicaId: -1, topics: [{ name: topic.name, partitions }] })
    }
    await t.ask(fetch, 12, fetchRequest([{ topic, offset: 3 }]))
    for (const offset of [6, 100, -2, -100, 2n ** 63n - 1n]) await ask(offset)
    await ask(-1)
    await ask(5)
    await ask(0, 1)
    await ask(-1, 1)
    await ask(1, 1)
    await ask(0, 2)
    await ask(0, -1)
    await ask(0, 0, t.name('missing'))
    await ask(0, 0, '')
    await t.ask(fetch, 12, fetchRequest([{ topic, offset: 5 }]))
    await t.ask(deleteRecords, version, { topics: [], timeoutMs: 10_000 })
  }),
  ...everyVersion(deleteRecords, 'a topic that is compacted, and one of the broker itself', async (t, version) => {
    for (const [suffix, policy] of [
      ['compacted', 'compact'],
      ['both', 'compact,delete'],
    ] as const) {
      const topic = await t.topic(suffix, { configs: { 'cleanup.policy': policy } })
      await t.prepare(produce, 12, produceRequest(topic, batch(['a', 'b'])))
      const partitions = [{ partitionIndex: 0, offset: 1 }]
      await t.ask(deleteRecords, version, { topics: [{ name: topic.name, partitions }], timeoutMs: 10_000 })
    }
  }),
]

export const initProducerIdScenarios: readonly Scenario[] = [
  ...everyVersion(initProducerId, 'an idempotent producer', async (t, version) => {
    const ask = (body: Partial<RequestInput<typeof initProducerId>> = {}) =>
      t.ask(initProducerId, version, { transactionalId: null, transactionTimeoutMs: 60_000, ...body })
    await ask()
    await ask({ transactionTimeoutMs: -1 })
    await ask({ transactionTimeoutMs: 0 })
    await ask({ transactionTimeoutMs: 0x7fffffff })
    if (version < 3) return
    await ask({ producerId: 5_000_000, producerEpoch: 3 })
    await ask({ producerId: 5_000_000 })
    await ask({ producerEpoch: 3 })
  }),
]
