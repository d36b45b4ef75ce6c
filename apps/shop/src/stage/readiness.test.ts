import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { whenReady } from './readiness.ts'

let asked = 0
const server = createServer((_request, response) => {
  asked++
  response.statusCode = asked < 3 ? 503 : 200
  response.end()
}).listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => server.close())
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

test('waits until a service says that it is ready', async () => {
  assert.deepEqual(await whenReady(new Map([['order', url]]), 10_000), [])
  assert.equal(asked, 3)
})

test('names the service that does not become ready in time', async () => {
  assert.deepEqual(
    await whenReady(
      new Map([
        ['payment', 'http://127.0.0.1:1'],
        ['order', url],
      ]),
      200,
    ),
    ['payment'],
  )
})
