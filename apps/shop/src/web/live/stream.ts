/**
 * The page's one stream. The browser reconnects by itself and sends the last position back, so nothing is missed and nothing comes
 * twice; until it has, the page says that it shows the past.
 *
 * Pictures, seconds and records have their own listeners: what is drawn on a canvas must not make React render.
 */
import type { StreamedRecord } from '../../stage/log/log-types.ts'
import type { SecondPoint } from '../../stage/series.ts'
import type { Snapshot } from '../../stage/snapshot.ts'

const pointsKept = 300
const recordsKept = 400

export type Live = { snapshot: Snapshot | null; connected: boolean }

/** By partition, each in the order of its offsets. */
export type Records = readonly (readonly StreamedRecord[])[]

class LiveStream {
  live: Live = { snapshot: null, connected: false }
  points: readonly SecondPoint[] = []
  records: Records = []
  readonly #listeners = { live: new Set<() => void>(), points: new Set<() => void>(), records: new Set<() => void>() }
  #source: EventSource | undefined

  readonly onLive = (listener: () => void) => this.#subscribe('live', listener)
  readonly onPoints = (listener: () => void) => this.#subscribe('points', listener)
  readonly onRecords = (listener: () => void) => this.#subscribe('records', listener)

  #subscribe(channel: 'live' | 'points' | 'records', listener: () => void): () => void {
    this.#listeners[channel].add(listener)
    this.#source ??= this.#open()
    return () => this.#listeners[channel].delete(listener)
  }

  #open(): EventSource {
    const source = new EventSource('/stage/stream')
    source.onmessage = event => this.#setLive({ snapshot: JSON.parse(event.data) as Snapshot, connected: true })
    source.onerror = () => this.#setLive({ ...this.live, connected: false })
    source.addEventListener('points', event => this.#addPoints(JSON.parse(event.data) as SecondPoint[]))
    source.addEventListener('point', event => this.#addPoints([JSON.parse(event.data) as SecondPoint]))
    source.addEventListener('records', event => this.#addRecords(JSON.parse(event.data) as StreamedRecord[]))
    return source
  }

  #setLive(live: Live): void {
    this.live = live
    for (const listener of this.#listeners.live) listener()
  }

  #addPoints(points: readonly SecondPoint[]): void {
    const last = this.points.at(-1)?.at ?? 0
    this.points = [...this.points, ...points.filter(({ at }) => at > last)].slice(-pointsKept)
    for (const listener of this.#listeners.points) listener()
  }

  #addRecords(records: readonly StreamedRecord[]): void {
    const next = this.records.map(list => [...list])
    for (const record of records) {
      while (next.length <= record.partition) next.push([])
      const list = next[record.partition]
      if (record.offset > (list?.at(-1)?.offset ?? -1)) list?.push(record)
    }
    this.records = next.map(list => list.slice(-recordsKept))
    for (const listener of this.#listeners.records) listener()
  }
}

export const stream = new LiveStream()
