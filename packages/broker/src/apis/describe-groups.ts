/**
 * DescribeGroups: state and members of classic groups. Any other group is Dead; v6 says GROUP_ID_NOT_FOUND (KIP-1043).
 * v3 tells what the asking client may do with the group (KIP-430).
 */

import { describeGroups, errorCode, KafkaError, type ResponseInput } from '@ottla/protocol'
import { ClassicGroup } from '../groups/classic-group.ts'
import type { BrokerServices } from '../services.ts'
import { groupOperations } from './authorized-operations.ts'
import { handler } from './handler.ts'

type DescribedGroup = ResponseInput<typeof describeGroups>['groups'][number]

const nothing = { groupState: '', protocolType: '', protocolData: '', members: [] }

export const describeGroupsHandler = handler(
  describeGroups,
  ({ request, version, broker }) => ({
    groups: request.groups.map(groupId => {
      const described = describe({ broker, groupId, version })
      if (!request.includeAuthorizedOperations || described.errorCode !== errorCode('NONE')) return described
      return { ...described, authorizedOperations: groupOperations }
    }),
  }),
  {
    refuse: ({ request, errorCode, errorMessage }) => ({
      groups: request.groups.map(groupId => ({ groupId, errorCode, errorMessage, ...nothing })),
    }),
  },
)

function describe({
  broker,
  groupId,
  version,
}: {
  broker: BrokerServices
  groupId: string
  version: number
}): DescribedGroup {
  try {
    const group = broker.groups.existingShard(groupId)?.find(groupId)?.group
    if (group instanceof ClassicGroup) return { groupId, errorCode: errorCode('NONE'), ...stateOf(group) }
    const error = version < 6 ? 'NONE' : 'GROUP_ID_NOT_FOUND'
    const reason = group === undefined ? `Group ${groupId} not found.` : `Group ${groupId} is not a classic group.`
    const errorMessage = version < 6 ? null : reason
    return { groupId, errorCode: errorCode(error), errorMessage, ...nothing, groupState: 'Dead' }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { groupId, errorCode: error.code, errorMessage: error.message, ...nothing }
  }
}

/** What members want is told of a stable group only: before, it is about to change. */
function stateOf(group: ClassicGroup) {
  const { protocolName } = group
  const isStable = group.state === 'Stable'
  return {
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (protocolName ?? '') : '',
    members: Array.from(group.members.values(), member => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable && protocolName !== null ? member.metadata(protocolName) : Buffer.alloc(0),
      memberAssignment: member.assignment,
    })),
  }
}
