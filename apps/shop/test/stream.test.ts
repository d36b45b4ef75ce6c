/** The stage's stream: who comes back with the last event id gets what was missed, and nothing twice. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { StreamedRecord } from '../src/stage/log/log-types.ts'
import { mugs, startShop } from './shop.ts'

let shop: Awaited<ReturnType<typeof startShop>> | undefined
after(() => shop?.stop())

type StreamEvent = { event: string; id: string; data: string }

async function* events(url: string, lastEventId: string, signal: AbortSignal): AsyncGenerator<StreamEvent> {
  const headers = lastEventId === '' ? {} : { 'last-event-id': lastEventId }
  const response = await fetch(`${url}/stage/stream`, { headers, signal })
  let buffered = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    buffered += chunk
    const blocks = buffered.split('\n\n')
    buffered = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split('\n')
          .find(line => line.startsWith(`${name}: `))
          ?.slice(name.length + 2) ?? ''
      yield { event: field('event') || 'message', id: field('id'), data: field('data') }
    }
  }
}

/** Reads until so many records have come. @returns them by place, and the last event id */
async function readRecords(url: string, count: number, lastEventId: string): Promise<{ places: string[]; id: string }> {
  const limit = new AbortController()
  const places: string[] = []
  try {
    for await (const { event, id, data } of events(url, lastEventId, limit.signal)) {
      if (event !== 'records') continue
      for (const { partition, offset } of JSON.parse(data) as StreamedRecord[]) places.push(`${partition}@${offset}`)
      if (places.length >= count) return { places, id }
    }
  } finally {
    limit.abort()
  }
  throw new Error('the stream ended')
}

test('a browser that comes back gets the records that it has missed, and only those', {
  timeout: 120_000,
}, async () => {
  shop = await startShop()
  const place = async (orders: number) => {
    for (let count = 0; count < orders; count += 1) {
      const { body } = await shop!.post(mugs(1, `customer-${count}`))
      await shop!.untilFinal(body.orderId)
    }
  }
  await place(3)
  const first = await readRecords(shop.url, 6, '')
  assert.equal(new Set(first.places).size, 6)
  await place(2)
  const second = await readRecords(shop.url, 4, first.id)
  assert.equal(second.places.length, 4)
  assert.deepEqual(
    second.places.filter(at => first.places.includes(at)),
    [],
  )
  const whole = await readRecords(shop.url, 10, '')
  assert.deepEqual(whole.places.toSorted(), [...first.places, ...second.places].toSorted())
})

test('pictures alone come to whoever wants no more', { timeout: 120_000 }, async () => {
  const limit = new AbortController()
  const response = await fetch(`${shop!.url}/stage/stream?only=pictures`, { signal: limit.signal })
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (text.split('\n\n').length > 3) break
  }
  limit.abort()
  assert.ok(!text.includes('event:'), text.slice(0, 300))
})
