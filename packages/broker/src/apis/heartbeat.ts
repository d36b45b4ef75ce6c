/** Heartbeat: the member lives, and learns whether it has to join again. */

import { errorCode, heartbeat, KafkaError } from '@ottla/protocol'
import { assertGroupName } from '../groups/group-id.ts'
import { handler } from './handler.ts'

export const heartbeatHandler = handler(heartbeat, ({ request, broker }) => {
  assertGroupName(request.groupId)
  const shard = broker.groups.existingShard(request.groupId)
  if (shard === null) throw new KafkaError('UNKNOWN_MEMBER_ID')
  // While groups are loaded nobody is late: the session begins when that is done.
  if (!shard.isLoading) shard.heartbeat(request.groupId, request)
  return { errorCode: errorCode('NONE') }
})
