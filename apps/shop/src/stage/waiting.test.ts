import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import { Waiting } from './waiting.ts'

test('an order waits from its request to its answer, in its own style', async () => {
  let nowMs = 0
  const waiting = new Waiting(() => nowMs)
  const app = Fastify()
  waiting.watch(app)
  const answers: (() => void)[] = []
  app.post('/orders', () => new Promise(resolve => answers.push(() => resolve({}))))
  app.get('/orders', async () => ({}))
  const rest = app.inject({ method: 'POST', url: '/orders?style=rest' }).then(response => response.statusCode)
  const events = app.inject({ method: 'POST', url: '/orders' }).then(response => response.statusCode)
  await app.inject({ method: 'GET', url: '/orders' })
  nowMs = 250
  assert.deepEqual(waiting.view().rest, { count: 1, oldestMs: [250] })
  assert.deepEqual(waiting.view().events, { count: 1, oldestMs: [250] })
  for (const answer of answers) answer()
  await Promise.all([rest, events])
  assert.equal(waiting.view().rest.count, 0)
  assert.equal(waiting.view().events.count, 0)
  await app.close()
})

test('a style that does not exist is nobody’s to wait for', async () => {
  const waiting = new Waiting()
  const app = Fastify()
  waiting.watch(app)
  app.post('/orders', async (_request, reply) => reply.code(422).send({}))
  await app.inject({ method: 'POST', url: '/orders?style=pigeon' })
  assert.ok(Object.values(waiting.view()).every(({ count }) => count === 0))
  await app.close()
})

test('a customer who has gone waits no longer, although nobody has answered', async () => {
  const waiting = new Waiting()
  const app = Fastify({ forceCloseConnections: true })
  waiting.watch(app)
  let arrived: (() => void) | undefined
  const isHere = new Promise<void>(resolve => {
    arrived = resolve
  })
  const closed = new Promise<void>(resolve => {
    app.post('/orders', (_request, reply) => {
      reply.raw.once('close', resolve)
      arrived?.()
      return new Promise(() => undefined)
    })
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const customer = new AbortController()
  const answer = fetch(`${url}/orders`, { method: 'POST', signal: customer.signal }).catch(() => undefined)
  await isHere
  assert.equal(waiting.view().events.count, 1)
  customer.abort()
  await Promise.all([answer, closed])
  assert.equal(waiting.view().events.count, 0)
  await app.close()
})
