/** Committed offsets and classic groups, as the topic `__consumer_offsets` keeps them. */

import { array, bytes, int32, int64, nullable, recordMessage, string, uuid } from '../schema/index.ts'

export const legacyOffsetCommitKey = recordMessage(
  'LegacyOffsetCommitKey',
  { recordType: 0, versions: '0' },
  {
    group: string(),
    topic: string(),
    partition: int32(),
  },
)

export const legacyOffsetCommitValue = recordMessage(
  'LegacyOffsetCommitValue',
  { recordType: 0, versions: '0' },
  {
    offset: int64(),
    metadata: string(),
    commitTimestamp: int64(),
  },
)

export const offsetCommitKey = recordMessage(
  'OffsetCommitKey',
  { recordType: 1, versions: '0' },
  {
    group: string(),
    topic: string(),
    partition: int32(),
  },
)

export const offsetCommitValue = recordMessage(
  'OffsetCommitValue',
  { recordType: 1, versions: '0-4', flexible: '4+' },
  {
    offset: int64(),
    leaderEpoch: int32({ since: 3, default: -1 }),
    metadata: string(),
    commitTimestamp: int64(),
    expireTimestamp: int64({ since: 1, until: 1, default: -1n }),
    topicId: uuid({ since: 4, tag: 0 }),
  },
)

export const groupMetadataKey = recordMessage(
  'GroupMetadataKey',
  { recordType: 2, versions: '0' },
  {
    group: string(),
  },
)

export const groupMetadataValue = recordMessage(
  'GroupMetadataValue',
  { recordType: 2, versions: '0-4', flexible: '4+' },
  {
    protocolType: string(),
    generation: int32(),
    protocol: nullable(string()),
    leader: nullable(string()),
    currentStateTimestamp: int64({ since: 2, default: -1n }),
    members: array({
      memberId: string(),
      groupInstanceId: nullable(string(), { since: 3, default: null }),
      clientId: string(),
      clientHost: string(),
      rebalanceTimeout: int32({ since: 1, default: -1 }),
      sessionTimeout: int32(),
      subscription: bytes(),
      assignment: bytes(),
    }),
  },
)
