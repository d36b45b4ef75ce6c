/**
 * Requests that fit their schema and otherwise say anything: every API in every version, with names that exist and names that
 * don't. Each is answered (or costs its connection), and none meets a bug.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnyApi, apiVersions, produce, type RequestInput, zeroUuid } from '@ottla/protocol'
import fc from 'fast-check'
import { apiTable } from '../api-table.ts'
import { encodeRequest, type RawClient } from '../testing/raw-client.ts'
import { batchOf, TestBroker, versionsOf } from '../testing/test-broker.ts'

type Field = AnyApi['request']['fields'][string]

/** For a longer hunt: OTTLA_ARBITRARY_RUNS=100. */
const runsPerVersion = Number(process.env.OTTLA_ARBITRARY_RUNS ?? 3)

const text = (memberIds: readonly string[]) =>
  fc.oneof(
    { weight: memberIds.length > 0 ? 2 : 0, arbitrary: fc.constantFrom(...memberIds, '') },
    { weight: 6, arbitrary: fc.constantFrom('t', 'u', 'g', 'h', 'consumer', 'range', '') },
    {
      weight: 2,
      arbitrary: fc.constantFrom('retention.ms', 'cleanup.policy', 'compact', '-1', '__consumer_offsets', 'm'),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
    { weight: 1, arbitrary: fc.constant('x'.repeat(300)) },
  )
const number = (lowest: number, highest: number) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -2, max: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom(lowest, highest) },
  )
const bytes = fc.oneof(
  fc.constant(batchOf(['a', 'b'])),
  fc.constant(batchOf(['a'], { producerId: 1, producerEpoch: 0, baseSequence: 0 })),
  fc.constant(Buffer.from('000300000001000174ffffffff', 'hex')), // a subscription to t
  fc.uint8Array({ maxLength: 80 }).map(array => Buffer.from(array)),
)

interface Context {
  readonly version: number
  readonly ids: readonly string[]
  readonly memberIds: readonly string[]
}

/** Times are short, so that nothing waits for long. */
const time = fc.constantFrom(-1, 0, 1, 20)

function valueFor(name: string, field: Field, { version, ids, memberIds }: Context): fc.Arbitrary<unknown> {
  const { type, nullable, element, fields = {}, options } = field
  const { since = 0, until = Number.POSITIVE_INFINITY, nullableSince = 0 } = options
  if (version < since || version > until) return fc.constant(undefined)
  const within = (inner: Field) => valueFor(name, inner, { version, ids, memberIds })
  const value = (): fc.Arbitrary<unknown> => {
    if (name.endsWith('Ms') && type.startsWith('int')) return time
    switch (type) {
      case 'boolean':
        return fc.boolean()
      case 'int8':
        return number(-0x80, 0x7f)
      case 'int16':
        return number(-0x8000, 0x7fff)
      case 'int32':
        return number(-(2 ** 31), 2 ** 31 - 1)
      case 'int64':
        return fc.oneof(number(-2, 5), fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n))
      case 'uint16':
        return number(0, 0xffff).map(value => Math.max(value, 0))
      case 'uint32':
        return number(0, 0xffffffff).map(value => Math.max(value, 0))
      case 'float64':
        return fc.double()
      case 'uuid':
        return fc.constantFrom(...ids)
      case 'string':
        return text(memberIds)
      case 'bytes':
      case 'records':
        return bytes
      case 'array':
        return fc.array(within(element!), { maxLength: 3 })
      case 'struct':
        return structOf(fields, { version, ids, memberIds })
    }
  }
  return nullable && version >= nullableSince ? fc.option(value(), { nil: null, freq: 4 }) : value()
}

function structOf(fields: AnyApi['request']['fields'], context: Context): fc.Arbitrary<object> {
  const values = Object.entries(fields).map(([name, field]) => [name, valueFor(name, field, context)] as const)
  return fc.record(Object.fromEntries(values), { noNullPrototype: true })
}

/** Resolves when the request and one behind it are answered, or the connection is closed: with the answer, if there is one. */
async function send(client: RawClient, api: AnyApi, version: number, request: object): Promise<unknown> {
  const hasNoAnswer = api.key === produce.key && (request as { acks: number }).acks === 0
  const answer = hasNoAnswer
    ? client.send(encodeRequest(api, version, request as RequestInput<AnyApi>))
    : client.request(api, version, request as RequestInput<AnyApi>)
  const [settled] = await Promise.allSettled([answer, client.request(apiVersions, 0, {})])
  return settled.status === 'fulfilled' ? settled.value : undefined
}

const settings = { 'group.min.session.timeout.ms': '1' }

async function idsOf(broker: TestBroker): Promise<string[]> {
  const { id } = broker.broker.metadata.topic('t') ?? (await broker.createTopic('t', { partitions: 2 }))
  return [id, zeroUuid, 'AAAAAAAAAAAAAAAAAAAAAw']
}

function assertNoBugs(broker: TestBroker): void {
  const bugs = broker.log.filter(({ level, message }) => level === 'error' && message.includes('bug'))
  assert.deepEqual(
    bugs.map(({ fields }) => fields),
    [],
  )
}

for (const { handler, name } of apiTable) {
  test(`${name} answers whatever fits its schema`, async () => {
    await using broker = await TestBroker.start(settings)
    for (const version of versionsOf(handler.api)) {
      const request = structOf(handler.api.request.fields, { version, ids: await idsOf(broker), memberIds: [] })
      await fc.assert(
        fc.asyncProperty(request, async value => {
          const client = await broker.connect()
          await send(client, handler.api, version, value)
          await client.close()
          assertNoBugs(broker)
        }),
        { numRuns: runsPerVersion },
      )
    }
  })
}

test('all of them, one after the other, answer whatever the others have left', async () => {
  await fc.assert(
    fc.asyncProperty(fc.gen(), async draw => {
      await using broker = await TestBroker.start(settings)
      const memberIds: string[] = []
      for (let step = 0; step < 50 * runsPerVersion; step++) {
        const { api } = draw(fc.constantFrom, ...apiTable).handler
        const version = draw(fc.constantFrom, ...versionsOf(api))
        const context = { version, ids: await idsOf(broker), memberIds: memberIds.slice(-4) }
        const request = draw(() => structOf(api.request.fields, context))
        const client = await broker.connect()
        const answer = (await send(client, api, version, request)) as { memberId?: string } | undefined
        if (answer?.memberId) memberIds.push(answer.memberId)
        await client.close()
        assertNoBugs(broker)
      }
    }),
    { numRuns: 2 },
  )
})
