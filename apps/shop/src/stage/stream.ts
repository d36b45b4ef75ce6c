/**
 * The page's one stream (Server-Sent Events):
 *
 * - `message`: a picture of the shop (snapshot.ts), whenever it has changed. Only the newest counts.
 * - `point`: the figures of a second (series.ts); `points`: those of the last minutes, at the beginning.
 * - `records`: new records of the topic `orders`.
 *
 * Its event ids are positions: the last second, and the offset reached in each partition. A browser that lost the connection sends
 * the last id back, and gets exactly what it has missed, as any reader of a log does. With `?only=pictures` nothing else comes.
 */
import type { FastifyInstance } from 'fastify'
import type { Follower } from './log/follower.ts'
import type { StreamedRecord } from './log/log-types.ts'
import type { Monitor } from './monitor.ts'

/** No browser needs more than ten pictures a second. */
const recordsEveryMs = 100

export type StreamPosition = { second: number; offsets: Map<number, number> }

export function addStream(root: FastifyInstance, options: { monitor: Monitor; follower: Follower }): void {
  const { monitor, follower } = options
  root.get('/stage/stream', { schema: { hide: true } }, (request, reply) => {
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'keep-alive' })
    const ends = [
      monitor.subscribe(snapshot => {
        // A browser that does not read gets the next picture, not all that it has missed.
        if (!raw.writableNeedDrain) raw.write(`data: ${JSON.stringify(snapshot)}\n\n`)
      }),
    ]
    if ((request.query as { only?: string }).only !== 'pictures') {
      const position = readPosition(String(request.headers['last-event-id'] ?? ''))
      ends.push(...streamRest(position, text => void raw.write(text), { monitor, follower }))
    }
    request.raw.on('close', () => {
      for (const end of ends) end()
    })
  })
}

/** @returns functions that end it */
function streamRest(
  position: StreamPosition,
  write: (text: string) => void,
  { monitor, follower }: { monitor: Monitor; follower: Follower },
): (() => void)[] {
  const { offsets } = position
  const send = (event: string, data: unknown) =>
    write(`event: ${event}\nid: ${writePosition(position)}\ndata: ${JSON.stringify(data)}\n\n`)
  const missed = monitor.series.since(position.second)
  position.second = missed.at(-1)?.at ?? position.second
  send('points', missed)
  const endSeries = monitor.series.subscribe(point => {
    position.second = point.at
    send('point', point)
  })
  let waiting: StreamedRecord[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    timer = undefined
    for (const { partition, offset } of waiting) offsets.set(partition, offset)
    send('records', waiting)
    waiting = []
  }
  const endRecords = follower.subscribe(records => {
    // What it had before it came back is not sent again.
    const fresh = records.filter(({ partition, offset }) => offset > (offsets.get(partition) ?? -1))
    if (fresh.length === 0) return
    waiting.push(...fresh)
    timer ??= setTimeout(flush, recordsEveryMs)
  }, new Map(offsets))
  return [endSeries, endRecords, () => clearTimeout(timer)]
}

/** `second/partition:offset,…` */
export function writePosition({ second, offsets }: StreamPosition): string {
  return `${second}/${[...offsets].map(([partition, offset]) => `${partition}:${offset}`).join(',')}`
}

/** @returns the beginning, for text that is no position */
export function readPosition(text: string): StreamPosition {
  const match = /^(\d+)\/((?:\d+:\d+(?:,|$))*)$/.exec(text)
  if (match === null) return { second: 0, offsets: new Map() }
  const pairs = (match[2] ?? '').split(',').filter(pair => pair !== '')
  return {
    second: Number(match[1]),
    offsets: new Map(pairs.map(pair => pair.split(':').map(Number) as [number, number])),
  }
}
