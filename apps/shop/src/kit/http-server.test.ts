import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { z } from 'zod'
import { call, ServiceUnavailableError } from './call.ts'
import { createHttpServer } from './http-server.ts'
import { HttpProblem } from './problem.ts'
import { openSqlite } from './sqlite.ts'
import { silent } from './testing.ts'

const app = createHttpServer(silent)
const body = z.strictObject({ name: z.string().min(1), items: z.array(z.strictObject({ quantity: z.int() })) })
app.post('/things', { schema: { body, response: { 200: z.object({ ok: z.boolean() }) } } }, async () => ({ ok: true }))
app.get('/bug', () => {
  throw new Error('secret')
})
app.get('/gone', () => {
  throw new HttpProblem(404, 'There is no such thing.')
})
after(() => app.close())

const post = (payload: unknown) => app.inject({ method: 'POST', url: '/things', payload: payload as object })

test('bad input is a 422 problem document that names each field', async () => {
  const response = await post({ name: '', items: [{ quantity: 1.5 }, { quantity: 1, colour: 'red' }], extra: 1 })
  assert.equal(response.statusCode, 422)
  assert.match(String(response.headers['content-type']), /^application\/problem\+json/)
  const fields = (response.json() as { errors: { field: string }[] }).errors.map(error => error.field)
  assert.deepEqual(fields.sort(), ['extra', 'items[0].quantity', 'items[1].colour', 'name'])
})

test('a body that is not JSON is a 400, one that is missing names the body', async () => {
  const headers = { 'content-type': 'application/json' }
  const broken = await app.inject({ method: 'POST', url: '/things', headers, payload: '{' })
  assert.equal(broken.statusCode, 400)
  const missing = await app.inject({ method: 'POST', url: '/things' })
  assert.equal(missing.statusCode, 422)
  assert.equal((missing.json() as { errors: { field: string }[] }).errors[0]?.field, 'body')
})

test('a bug is a 500 without its details, an unknown path a 404, a thrown problem itself', async () => {
  const bug = await app.inject('/bug')
  assert.equal(bug.statusCode, 500)
  assert.doesNotMatch(bug.body, /secret/)
  assert.equal((await app.inject('/nothing')).statusCode, 404)
  const gone = await app.inject('/gone')
  assert.deepEqual(gone.json(), {
    type: 'about:blank',
    title: 'Not found',
    status: 404,
    detail: 'There is no such thing.',
  })
})

test('a full disk is a 503, and passes', async () => {
  const database = openSqlite(':memory:', { part: ['CREATE TABLE texts (text TEXT)'] })
  const insert = database.prepare('INSERT INTO texts (text) VALUES (?)')
  const full = createHttpServer(silent)
  full.post('/texts', async () => insert.run('x'.repeat(20_000)))
  const { page_count } = database.prepare('PRAGMA page_count').get() as { page_count: number }
  const limit = (pages: number) => database.exec(`PRAGMA max_page_count = ${pages}`)
  limit(page_count + 2)
  const refused = await full.inject({ method: 'POST', url: '/texts' })
  assert.equal(refused.statusCode, 503)
  assert.match((refused.json() as { detail: string }).detail, /no space/)
  limit(page_count + 100)
  assert.equal((await full.inject({ method: 'POST', url: '/texts' })).statusCode, 200)
  await full.close()
  database.close()
})

test('a call tells a refusal from an outcome that nobody knows', async t => {
  const answers = [
    { status: 200, body: '{"ok":true}' },
    { status: 500, body: '' },
    { status: 422, body: '{"detail":"no"}' },
  ]
  const server = createServer((_request, response) => {
    const next = answers.shift()
    if (next !== undefined) response.writeHead(next.status).end(next.body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  t.after(close)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  // Generous where an answer comes: the first call of a process takes its time on a busy machine.
  const ask = (timeoutMs = 20_000) =>
    call({
      service: 'payment',
      url,
      body: {},
      answer: z.object({ ok: z.boolean() }),
      traceparent: '',
      timeoutMs,
    })
  assert.deepEqual(await ask(), { ok: true })
  await assert.rejects(ask(), ServiceUnavailableError)
  await assert.rejects(
    ask(),
    (error: Error) => !(error instanceof ServiceUnavailableError) && /refused.*422/.test(error.message),
  )
  await assert.rejects(
    ask(100),
    (error: Error) => error instanceof ServiceUnavailableError && /100 ms/.test(error.message),
  )
  close()
  await assert.rejects(
    ask(),
    (error: Error) => error instanceof ServiceUnavailableError && /reached/.test(error.message),
  )
})
