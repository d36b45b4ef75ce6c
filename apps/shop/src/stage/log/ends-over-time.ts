/**
 * When did the log get past an offset? Each look at the log's ends is kept, so that the age of a record that a group has not
 * handled is known without reading it. As exact as the looks are frequent.
 */
const keptMs = 10 * 60_000

export class EndsOverTime {
  readonly #looks = new Map<string, { atMs: number; end: number }[]>()

  /** @param partition `topic/number` */
  add(partition: string, end: number, atMs: number): void {
    const looks = this.#looks.get(partition) ?? []
    this.#looks.set(partition, looks)
    const last = looks.at(-1)
    // A topic that was made anew begins a new history.
    if (last !== undefined && end < last.end) looks.length = 0
    if (last === undefined || end !== last.end || looks.length === 0) looks.push({ atMs, end })
    while (looks.length > 1 && (looks[0]?.atMs ?? 0) < atMs - keptMs) looks.shift()
  }

  /** @returns when the record at this offset was first seen; undefined when it is older than what was kept, or not there yet */
  seenAtMs(partition: string, offset: number): number | undefined {
    const looks = this.#looks.get(partition) ?? []
    let low = 0
    let high = looks.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((looks[middle]?.end ?? 0) > offset) high = middle
      else low = middle + 1
    }
    return low === 0 ? undefined : looks[low]?.atMs
  }
}
