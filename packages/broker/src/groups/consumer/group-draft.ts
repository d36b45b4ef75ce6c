/** A change of a consumer group while it is worked out: nothing of it is seen by others before the log has taken it whole. */

import type { GroupRecord } from '../group-records.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerChange } from './consumer-records.ts'

export class GroupDraft {
  readonly #changes: ConsumerChange[] = []
  #group: ConsumerGroup
  #isCopy: boolean

  /** @param options.isNew nobody else has the group yet, so it needs no copy */
  constructor(group: ConsumerGroup, { isNew = false }: { isNew?: boolean } = {}) {
    this.#group = group
    this.#isCopy = isNew
  }

  /** The group as it would be. */
  get group(): ConsumerGroup {
    return this.#group
  }

  get records(): GroupRecord[] {
    const { groupId } = this.#group
    return this.#changes.map(change => ({ kind: 'consumer', groupId, change }))
  }

  apply(change: ConsumerChange): void {
    if (!this.#isCopy) {
      this.#group = this.#group.draft()
      this.#isCopy = true
    }
    this.#group.apply(change)
    this.#changes.push(change)
  }
}
