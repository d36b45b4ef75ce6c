/** The keys and values of control records: transaction markers, and what KRaft writes into the metadata log. */

import { array, int16, int32, int64, message, string, struct, uint16, uuid } from '../schema/index.ts'

/** A control record's key, after its int16 version. */
export const controlRecordTypeSchema = message(
  'ControlRecordTypeSchema',
  { versions: '0' },
  {
    type: int16(),
  },
)

export const endTxnMarker = message(
  'EndTxnMarker',
  { versions: '0' },
  {
    coordinatorEpoch: int32(),
  },
)

export const leaderChangeMessage = message(
  'LeaderChangeMessage',
  { versions: '0-1', flexible: '0+' },
  {
    version: int16(),
    leaderId: int32(),
    voters: array({
      voterId: int32(),
      voterDirectoryId: uuid({ since: 1 }),
    }),
    grantingVoters: array({
      voterId: int32(),
      voterDirectoryId: uuid({ since: 1 }),
    }),
  },
)

export const snapshotHeaderRecord = message(
  'SnapshotHeaderRecord',
  { versions: '0', flexible: '0+' },
  {
    version: int16(),
    lastContainedLogTimestamp: int64(),
  },
)

export const snapshotFooterRecord = message(
  'SnapshotFooterRecord',
  { versions: '0', flexible: '0+' },
  {
    version: int16(),
  },
)

export const kraftVersionRecord = message(
  'KRaftVersionRecord',
  { versions: '0', flexible: '0+' },
  {
    version: int16(),
    kRaftVersion: int16(),
  },
)

export const votersRecord = message(
  'VotersRecord',
  { versions: '0', flexible: '0+' },
  {
    version: int16(),
    voters: array({
      voterId: int32(),
      voterDirectoryId: uuid(),
      endpoints: array({
        name: string(),
        host: string(),
        port: uint16(),
      }),
      kRaftVersionFeature: struct({
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    }),
  },
)
