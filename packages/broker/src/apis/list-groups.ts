/** ListGroups: all groups, or those in certain states (v4, KIP-518) and of certain types (v5, KIP-848), whatever their case. */

import { errorCode, listGroups } from '@ottla/protocol'
import { handler } from './handler.ts'

export const listGroupsHandler = handler(
  listGroups,
  ({ request, broker }) => {
    const hasState = filter(request.statesFilter)
    const hasType = filter(request.typesFilter)
    const groups = []
    for (const shard of broker.groups.shards) {
      // A list that lacks the groups that are being loaded would be taken for the whole.
      if (shard.isLoading) shard.assertActive()
      for (const [groupId, { group }] of shard.entries) {
        if (!hasState(group.state) || !hasType(group.type)) continue
        groups.push({
          groupId,
          protocolType: group.protocolType ?? '',
          groupState: group.state,
          groupType: group.type,
        })
      }
    }
    return { errorCode: errorCode('NONE'), groups }
  },
  { refuse: ({ errorCode }) => ({ errorCode, groups: [] }) },
)

/** An empty filter lets everything through. */
function filter(wanted: readonly string[]): (text: string) => boolean {
  const lowerCase = new Set(wanted.map(text => text.toLowerCase()))
  return text => lowerCase.size === 0 || lowerCase.has(text.toLowerCase())
}
