/**
 * One holder at a time, among the instances of a service: a row in their database that says who, and until when. A holder that dies
 * or hangs loses it when its time is up; one that comes back under the same name has it at once.
 *
 * It must only guard what may, in the worst case, happen twice: a holder that wakes up late believes in its lease for as long as it
 * takes to look at the clock.
 */
import type { Kysely } from 'kysely'
import type { KitTables } from './schema.ts'

const leaseMs = 5000
/** A lease younger than this is as good as new. */
const renewAfterMs = 1500

export class Lease {
  readonly #database: Kysely<KitTables>
  readonly #what: string
  readonly #holder: string
  readonly #now: () => Date
  #renewedAtMs = Number.NEGATIVE_INFINITY

  constructor(options: { database: Kysely<KitTables>; what: string; holder: string; now: () => Date }) {
    this.#database = options.database
    this.#what = options.what
    this.#holder = options.holder
    this.#now = options.now
  }

  /** Takes or renews it. @returns false while another holds it */
  async hold(): Promise<boolean> {
    const now = this.#now()
    const ageMs = now.getTime() - this.#renewedAtMs
    if (ageMs >= 0 && ageMs < renewAfterMs) return true
    const row = {
      what: this.#what,
      holder: this.#holder,
      until: new Date(now.getTime() + leaseMs).toISOString(),
    }
    const result = await this.#database
      .insertInto('leases')
      .values(row)
      .onConflict(conflict =>
        conflict
          .column('what')
          .doUpdateSet(row)
          .where(({ eb, or }) =>
            or([eb('leases.holder', '=', this.#holder), eb('leases.until', '<', now.toISOString())]),
          ),
      )
      .executeTakeFirstOrThrow()
    const isHeld = result.numInsertedOrUpdatedRows === 1n
    this.#renewedAtMs = isHeld ? now.getTime() : Number.NEGATIVE_INFINITY
    return isHeld
  }

  async release(): Promise<void> {
    this.#renewedAtMs = Number.NEGATIVE_INFINITY
    await this.#database
      .deleteFrom('leases')
      .where('what', '=', this.#what)
      .where('holder', '=', this.#holder)
      .execute()
  }
}
