/**
 * What the broker has promised, kept outside of it: each acknowledged record by its place, with a digest of its bytes.
 * It lives in the test's own process, which is not killed.
 */
import { hash } from 'node:crypto'

export type Place = { partition: number; offset: number }

export class Ledger {
  readonly #digests = new Map<string, string>()

  get size(): number {
    return this.#digests.size
  }

  /** Throws when the place was promised to another record already. */
  acknowledge({ partition, offset }: Place, value: Buffer): void {
    const place = `${partition}:${offset}`
    if (this.#digests.has(place))
      throw new Error(`two records were acknowledged at partition ${partition} offset ${offset}`)
    this.#digests.set(place, digest(value))
  }

  /**
   * Compares a partition's records, in order, with what was acknowledged from the offset on. Answers what is wrong, in
   * words; an empty list is a kept promise.
   */
  complaints(partition: number, fromOffset: number, records: { offset: number; value: Buffer }[]): string[] {
    const complaints: string[] = []
    const found = new Map<number, string>()
    let expected = fromOffset
    for (const { offset, value } of records) {
      if (offset !== expected) complaints.push(`partition ${partition}: offset ${offset} follows ${expected - 1}`)
      expected = offset + 1
      found.set(offset, digest(value))
    }
    for (const [place, promised] of this.#digests) {
      const [placePartition, offset] = place.split(':').map(Number) as [number, number]
      if (placePartition !== partition || offset < fromOffset) continue
      const actual = found.get(offset)
      if (actual === undefined) complaints.push(`partition ${partition}: acknowledged offset ${offset} is lost`)
      else if (actual !== promised)
        complaints.push(`partition ${partition}: offset ${offset} holds other bytes than were acknowledged`)
    }
    return complaints
  }
}

function digest(value: Buffer): string {
  return hash('sha256', value, 'base64')
}
