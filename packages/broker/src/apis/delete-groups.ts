/** DeleteGroups (KIP-229): groups without members, with all their offsets; each answered when its deletion is durable. */

import { deleteGroups, errorCode, KafkaError } from '@ottla/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

export const deleteGroupsHandler = handler(
  deleteGroups,
  async ({ request, broker }) => ({
    results: await Promise.all([...new Set(request.groupsNames)].map(groupId => deleteGroup(broker, groupId))),
  }),
  {
    refuse: ({ request, errorCode, errorMessage }) => ({
      results: request.groupsNames.map(groupId => ({ groupId, errorCode, errorMessage })),
    }),
  },
)

async function deleteGroup(broker: BrokerServices, groupId: string) {
  try {
    const shard = broker.groups.existingShard(groupId)
    if (shard === null) throw new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
    await shard.delete(groupId)
    return { groupId, errorCode: errorCode('NONE') }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { groupId, errorCode: error.code, errorMessage: error.message }
  }
}
