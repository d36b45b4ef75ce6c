/** The last minutes, second by second: what the page's charts show, so that they are not empty when someone opens the page. */
import type { Style } from '../contracts/http.ts'
import type { Crowd, CrowdPoint } from '../load/crowd.ts'
import type { GroupView } from './log/log-types.ts'

const everyMs = 1000
const kept = 300

export type SecondPoint = {
  /** Seconds since 1970, whole: it names the point when the stream resumes. */
  at: number
  crowds: Record<Style, CrowdPoint>
  groups: Record<string, { lag: number; lagSeconds: number | null }>
}

export class Series {
  readonly #crowds: ReadonlyMap<Style, Crowd>
  readonly #groups: () => readonly GroupView[]
  readonly #points: SecondPoint[] = []
  readonly #listeners = new Set<(point: SecondPoint) => void>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: { crowds: ReadonlyMap<Style, Crowd>; groups: () => readonly GroupView[] }) {
    this.#crowds = options.crowds
    this.#groups = options.groups
  }

  start(): void {
    this.#timer = setInterval(() => this.#take(), everyMs)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** @returns the points after that second, the oldest first */
  since(at: number): readonly SecondPoint[] {
    return this.#points.filter(point => point.at > at)
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: (point: SecondPoint) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #take(): void {
    const crowds = Object.fromEntries([...this.#crowds].map(([style, crowd]) => [style, crowd.takePoint()]))
    const groups = Object.fromEntries(this.#groups().map(({ group, lag, lagSeconds }) => [group, { lag, lagSeconds }]))
    const at = Math.floor(Date.now() / 1000)
    // A clock that is set back must not make the stream skip what comes.
    const point: SecondPoint = {
      at: Math.max(at, (this.#points.at(-1)?.at ?? 0) + 1),
      crowds: crowds as Record<Style, CrowdPoint>,
      groups,
    }
    this.#points.push(point)
    if (this.#points.length > kept) this.#points.shift()
    for (const listener of this.#listeners) listener(point)
  }
}
