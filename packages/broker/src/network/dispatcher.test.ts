import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTopics, errorName, heartbeat, KafkaError, metadata, Reader, responseHeader } from '@ottla/protocol'
import type { ApiEntry } from '../api-table.ts'
import { type Handler, handler } from '../apis/handler.ts'
import { silentLogger } from '../logger.ts'
import type { BrokerServices, ConnectionInfo } from '../services.ts'
import { encodeRequest } from '../testing/raw-client.ts'
import { Dispatcher } from './dispatcher.ts'

const connection = { clientHost: '127.0.0.1' } as ConnectionInfo
const request = encodeRequest(heartbeat, 4, { groupId: 'g', generationId: 1, memberId: 'm' }, { correlationId: 5 })

function dispatcherOf(served: Handler) {
  const errors: { fields: Record<string, unknown>; message: string }[] = []
  const error = (fields: object, message: string): unknown => errors.push({ fields: { ...fields }, message })
  const { key, name, versions } = served.api
  const entry: ApiEntry = {
    key,
    name,
    lowestVersion: versions.lowest,
    highestVersion: versions.highest,
    handler: served,
  }
  const services = { logger: { ...silentLogger, error } } as unknown as BrokerServices
  return { errors, dispatcher: new Dispatcher([entry], services) }
}

async function answerOf(served: Handler, frame = request) {
  const { dispatcher, errors } = dispatcherOf(served)
  const bytes = await dispatcher.act(dispatcher.receive(frame.subarray(4)), connection)
  const reader = new Reader(Buffer.concat(bytes!).subarray(4))
  const { correlationId } = responseHeader.read(reader, served.api.responseHeaderVersion(4))
  return { correlationId, errors, response: served.api.response.read(reader, 4) as { errorCode: number } }
}

test('answers with the correlation id of the request', async () => {
  const { correlationId, response } = await answerOf(handler(heartbeat, () => ({ errorCode: 0 })))
  assert.deepEqual([correlationId, response.errorCode], [5, 0])
})

test("turns a KafkaError, thrown or rejected, into the API's own error answer", async () => {
  const refuse = (): never => {
    throw new KafkaError('ILLEGAL_GENERATION')
  }
  for (const act of [refuse, async () => refuse()]) {
    const { response, errors } = await answerOf(handler(heartbeat, act))
    assert.equal(errorName(response.errorCode), 'ILLEGAL_GENERATION')
    assert.deepEqual(errors, [])
  }
})

test('answers UNKNOWN_SERVER_ERROR to a bug and logs it with its request', async () => {
  const bug = (): never => {
    throw new TypeError('undefined is not a broker')
  }
  const misfit = (): { errorCode: number } => ({ errorCode: 1e9 })
  for (const act of [bug, async () => bug(), misfit, async () => misfit()]) {
    const { response, errors } = await answerOf(handler(heartbeat, act))
    assert.equal(errorName(response.errorCode), 'UNKNOWN_SERVER_ERROR')
    assert.equal(errors.length, 1)
    const { api, version, clientId, client } = errors[0]!.fields
    assert.deepEqual(
      { api, version, clientId, client },
      { api: 'Heartbeat', version: 4, clientId: 'raw', client: '127.0.0.1' },
    )
  }
})

test('says a refusal for each topic where the API has no error at its top', async () => {
  const refusing = handler(
    createTopics,
    () => {
      throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED', 'no')
    },
    {
      refuse: ({ request, errorCode, errorMessage }) => ({
        topics: request.topics.map(({ name }) => ({ name, errorCode, errorMessage, configs: [] })),
      }),
    },
  )
  const topics = ['a', 'b'].map(name => ({
    name,
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }))
  const frame = encodeRequest(createTopics, 4, { topics, timeoutMs: 1, validateOnly: false })
  const { response } = await answerOf(refusing, frame)
  assert.deepEqual(
    (response as unknown as { topics: { name: string; errorMessage: string }[] }).topics.map(
      ({ name, errorMessage }) => [name, errorMessage],
    ),
    [
      ['a', 'no'],
      ['b', 'no'],
    ],
  )
})

test('does not understand what is no request of a served API in a served version', () => {
  const { dispatcher } = dispatcherOf(handler(heartbeat, () => ({ errorCode: 0 })))
  const frame = (change: (bytes: Buffer) => unknown): Buffer => {
    const bytes = Buffer.from(request.subarray(4))
    change(bytes)
    return bytes
  }
  assert.throws(() => dispatcher.receive(Buffer.alloc(7)), /has no header/)
  assert.throws(
    () => dispatcher.receive(encodeRequest(metadata, 9, { topics: [] }).subarray(4)),
    /API key 3 is not served/,
  )
  assert.throws(
    () => dispatcher.receive(frame(bytes => bytes.writeInt16BE(5, 2))),
    /version 5 of Heartbeat is not served, 0 to 4 are/,
  )
  assert.throws(() => dispatcher.receive(request.subarray(4, request.length - 4)), /Heartbeat v4 can't be decoded/)
})
