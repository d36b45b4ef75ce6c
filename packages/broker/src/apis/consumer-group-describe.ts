/**
 * ConsumerGroupDescribe (KIP-848): state, members, what they have and what they shall have. v1 says which protocol a member
 * speaks (KIP-1099).
 */

import { consumerGroupDescribe, errorCode, KafkaError, type ResponseInput } from '@ottla/protocol'
import { ConsumerGroup } from '../groups/consumer/consumer-group.ts'
import type { ConsumerMember } from '../groups/consumer/consumer-member.ts'
import { type OwnedPartitions, type PartitionSet, toList, unionOwned } from '../groups/consumer/partitions.ts'
import { preferredAssignor } from '../groups/consumer/target-assignment.ts'
import type { BrokerServices } from '../services.ts'
import { groupOperations } from './authorized-operations.ts'
import { requireConsumerProtocol } from './consumer-protocol.ts'
import { handler } from './handler.ts'

type DescribedGroup = ResponseInput<typeof consumerGroupDescribe>['groups'][number]

const nothing = { groupState: '', groupEpoch: 0, assignmentEpoch: 0, assignorName: '', members: [] }
const memberTypes = { classic: 0, consumer: 1 } as const

export const consumerGroupDescribeHandler = handler(
  consumerGroupDescribe,
  async ({ request, broker }) => {
    requireConsumerProtocol(broker)
    const groups = request.groupIds.map(async groupId => {
      const described = await describe(broker, groupId)
      if (!request.includeAuthorizedOperations || described.errorCode !== errorCode('NONE')) return described
      return { ...described, authorizedOperations: groupOperations }
    })
    return { groups: await Promise.all(groups) }
  },
  {
    refuse: ({ request, errorCode, errorMessage }) => ({
      groups: request.groupIds.map(groupId => ({ groupId, errorCode, errorMessage, ...nothing })),
    }),
  },
)

async function describe(broker: BrokerServices, groupId: string): Promise<DescribedGroup> {
  try {
    if (groupId === '') throw new KafkaError('INVALID_GROUP_ID')
    const shard = broker.groups.existingShard(groupId)
    const group = shard?.find(groupId)?.group
    if (shard === null || group === undefined) throw new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
    if (!(group instanceof ConsumerGroup)) {
      throw new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a consumer group.`)
    }
    const described = {
      groupId,
      errorCode: errorCode('NONE'),
      groupState: group.state,
      groupEpoch: group.epoch,
      assignmentEpoch: group.targetEpoch.epoch,
      assignorName: preferredAssignor(shard.context, group),
      members: Array.from(group.members.values(), member => describeMember(broker, group, member)),
    }
    await shard.settled(groupId)
    return described
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { groupId, errorCode: error.code, errorMessage: error.message, ...nothing }
  }
}

function describeMember(broker: BrokerServices, group: ConsumerGroup, member: ConsumerMember) {
  const { memberId, instanceId, rackId, memberEpoch, clientId, clientHost, subscribedTopicRegex } = member
  return {
    ...{ memberId, instanceId, rackId, memberEpoch, clientId, clientHost, subscribedTopicRegex },
    subscribedTopicNames: [...member.subscribedTopicNames],
    // It has what it was told to give up until it says that it did.
    assignment: describePartitions(broker, unionOwned(member.assigned, member.pendingRevocation)),
    targetAssignment: describePartitions(broker, group.target(memberId)),
    memberType: member.classic === null ? memberTypes.consumer : memberTypes.classic,
  }
}

/** A topic that is deleted has no name any more, and is left out. */
function describePartitions({ metadata }: BrokerServices, partitions: PartitionSet | OwnedPartitions) {
  return {
    topicPartitions: toList(partitions).flatMap(({ topicId, partitions: ofTopic }) => {
      const topic = metadata.topicById(topicId)
      return topic === undefined ? [] : { topicId, topicName: topic.name, partitions: ofTopic }
    }),
  }
}
