/**
 * What the topic `__share_group_state` keeps (KIP-932): the delivery state of share groups, as snapshots and updates.
 */

import { array, int8, int16, int32, int64, recordMessage, string, uuid } from '../schema/index.ts'
import { CoordinatorRecords } from './coordinator-records.ts'

export const shareSnapshotKey = recordMessage(
  'ShareSnapshotKey',
  { recordType: 0, versions: '0' },
  {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
)

export const shareSnapshotValue = recordMessage(
  'ShareSnapshotValue',
  { recordType: 0, versions: '0', flexible: '0+' },
  {
    snapshotEpoch: int32(),
    stateEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    createTimestamp: int64(),
    writeTimestamp: int64(),
    stateBatches: array({
      firstOffset: int64(),
      lastOffset: int64(),
      deliveryState: int8(),
      deliveryCount: int16(),
    }),
    deliveryCompleteCount: int32({ tag: 0, default: -1 }),
  },
)

export const shareUpdateKey = recordMessage(
  'ShareUpdateKey',
  { recordType: 1, versions: '0' },
  {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
)

export const shareUpdateValue = recordMessage(
  'ShareUpdateValue',
  { recordType: 1, versions: '0', flexible: '0+' },
  {
    snapshotEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    stateBatches: array({
      firstOffset: int64(),
      lastOffset: int64(),
      deliveryState: int8(),
      deliveryCount: int16(),
    }),
    deliveryCompleteCount: int32({ tag: 0, default: -1 }),
  },
)

/** The records of `__share_group_state`. */
export const shareGroupStateRecords = new CoordinatorRecords({
  shareSnapshot: { key: shareSnapshotKey, value: shareSnapshotValue },
  shareUpdate: { key: shareUpdateKey, value: shareUpdateValue },
})
