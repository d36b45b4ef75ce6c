/**
 * The range assignor: each topic's partitions in contiguous ranges, in the order of the members. Members that read the same topics get
 * the same partition numbers of each, which keeps topics with the same keys together. Static members come first, by
 * their instance id, so that a restart changes nothing.
 */

import { AssignmentBuilder, type Assignor, type AssignorMember, byMemberId, subscribedTopicIds } from './assignor.ts'

export const rangeAssignor: Assignor = {
  name: 'range',
  assign: ({ members, partitionCount }) => {
    const builder = new AssignmentBuilder(members)
    const inOrder = [...members].sort(byIdentity)
    for (const topicId of subscribedTopicIds(members)) {
      const readers = inOrder.filter(member => member.topicIds.has(topicId))
      const count = partitionCount(topicId)
      const share = Math.floor(count / readers.length)
      const withOneMore = count % readers.length
      let partition = 0
      for (const [i, { memberId }] of readers.entries()) {
        const end = partition + share + (i < withOneMore ? 1 : 0)
        for (; partition < end; partition++) builder.add(memberId, topicId, partition)
      }
    }
    return builder.build()
  },
}

function byIdentity(a: AssignorMember, b: AssignorMember): number {
  if (a.instanceId !== null && b.instanceId !== null) return a.instanceId < b.instanceId ? -1 : 1
  if (a.instanceId !== null || b.instanceId !== null) return a.instanceId !== null ? -1 : 1
  return byMemberId(a, b)
}
