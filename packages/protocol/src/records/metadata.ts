/**
 * KRaft's metadata records: what `__cluster_metadata` keeps. Topics, configs, users and ACLs are rebuilt by replaying
 * them. How they are framed in a record's value: metadata-frame.ts.
 */

import {
  array,
  boolean,
  bytes,
  float64,
  int8,
  int16,
  int32,
  int64,
  nullable,
  recordMessage,
  string,
  uint16,
  uuid,
} from '../schema/index.ts'

export const registerBrokerRecord = recordMessage(
  'RegisterBrokerRecord',
  { recordType: 0, versions: '0-4', flexible: '0+' },
  {
    brokerId: int32(),
    isMigratingZkBroker: boolean({ since: 2 }),
    incarnationId: uuid(),
    brokerEpoch: int64(),
    endPoints: array({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: array({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
    rack: nullable(string()),
    fenced: boolean({ default: true }),
    inControlledShutdown: boolean({ since: 1 }),
    logDirs: array(uuid(), { since: 3, tag: 0 }),
    cordonedLogDirs: nullable(array(uuid()), { since: 4, tag: 1, default: null }),
  },
)

export const unregisterBrokerRecord = recordMessage(
  'UnregisterBrokerRecord',
  { recordType: 1, versions: '0', flexible: '0+' },
  {
    brokerId: int32(),
    brokerEpoch: int64(),
  },
)

export const topicRecord = recordMessage(
  'TopicRecord',
  { recordType: 2, versions: '0', flexible: '0+' },
  {
    name: string(),
    topicId: uuid(),
  },
)

export const partitionRecord = recordMessage(
  'PartitionRecord',
  { recordType: 3, versions: '0-2', flexible: '0+' },
  {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    replicas: array(int32()),
    isr: array(int32()),
    removingReplicas: array(int32()),
    addingReplicas: array(int32()),
    leader: int32({ default: -1 }),
    leaderEpoch: int32({ default: -1 }),
    partitionEpoch: int32({ default: -1 }),
    directories: array(uuid(), { since: 1 }),
    leaderRecoveryState: int8({ tag: 0 }),
    eligibleLeaderReplicas: nullable(array(int32()), { since: 2, tag: 1, default: null }),
    lastKnownElr: nullable(array(int32()), { since: 2, tag: 2, default: null }),
  },
)

export const configRecord = recordMessage(
  'ConfigRecord',
  { recordType: 4, versions: '0', flexible: '0+' },
  {
    resourceType: int8(),
    resourceName: string(),
    name: string(),
    value: nullable(string()),
  },
)

export const partitionChangeRecord = recordMessage(
  'PartitionChangeRecord',
  { recordType: 5, versions: '0-2', flexible: '0+' },
  {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    isr: nullable(array(int32()), { tag: 0, default: null }),
    leader: int32({ tag: 1, default: -2 }),
    replicas: nullable(array(int32()), { tag: 2, default: null }),
    removingReplicas: nullable(array(int32()), { tag: 3, default: null }),
    addingReplicas: nullable(array(int32()), { tag: 4, default: null }),
    leaderRecoveryState: int8({ tag: 5, default: -1 }),
    directories: nullable(array(uuid()), { since: 1, tag: 8, default: null }),
    eligibleLeaderReplicas: nullable(array(int32()), { since: 2, tag: 6, default: null }),
    lastKnownElr: nullable(array(int32()), { since: 2, tag: 7, default: null }),
  },
)

export const fenceBrokerRecord = recordMessage(
  'FenceBrokerRecord',
  { recordType: 7, versions: '0', flexible: '0+' },
  {
    id: int32(),
    epoch: int64(),
  },
)

export const unfenceBrokerRecord = recordMessage(
  'UnfenceBrokerRecord',
  { recordType: 8, versions: '0', flexible: '0+' },
  {
    id: int32(),
    epoch: int64(),
  },
)

export const removeTopicRecord = recordMessage(
  'RemoveTopicRecord',
  { recordType: 9, versions: '0', flexible: '0+' },
  {
    topicId: uuid(),
  },
)

export const delegationTokenRecord = recordMessage(
  'DelegationTokenRecord',
  { recordType: 10, versions: '0', flexible: '0+' },
  {
    owner: string(),
    requester: string(),
    renewers: array(string()),
    issueTimestamp: int64(),
    maxTimestamp: int64(),
    expirationTimestamp: int64(),
    tokenId: string(),
  },
)

export const userScramCredentialRecord = recordMessage(
  'UserScramCredentialRecord',
  { recordType: 11, versions: '0', flexible: '0+' },
  {
    name: string(),
    mechanism: int8(),
    salt: bytes(),
    storedKey: bytes(),
    serverKey: bytes(),
    iterations: int32(),
  },
)

export const featureLevelRecord = recordMessage(
  'FeatureLevelRecord',
  { recordType: 12, versions: '0', flexible: '0+' },
  {
    name: string(),
    featureLevel: int16(),
  },
)

export const clientQuotaRecord = recordMessage(
  'ClientQuotaRecord',
  { recordType: 14, versions: '0', flexible: '0+' },
  {
    entity: array({
      entityType: string(),
      entityName: nullable(string()),
    }),
    key: string(),
    value: float64(),
    remove: boolean(),
  },
)

export const producerIdsRecord = recordMessage(
  'ProducerIdsRecord',
  { recordType: 15, versions: '0', flexible: '0+' },
  {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1n }),
    nextProducerId: int64(),
  },
)

export const brokerRegistrationChangeRecord = recordMessage(
  'BrokerRegistrationChangeRecord',
  { recordType: 17, versions: '0-3', flexible: '0+' },
  {
    brokerId: int32(),
    brokerEpoch: int64(),
    fenced: int8({ tag: 0 }),
    inControlledShutdown: int8({ since: 1, tag: 1 }),
    logDirs: array(uuid(), { since: 2, tag: 2 }),
    cordonedLogDirs: nullable(array(uuid()), { since: 3, tag: 3, default: null }),
  },
)

export const accessControlEntryRecord = recordMessage(
  'AccessControlEntryRecord',
  { recordType: 18, versions: '0', flexible: '0+' },
  {
    id: uuid(),
    resourceType: int8(),
    resourceName: string(),
    patternType: int8(),
    principal: string(),
    host: string(),
    operation: int8(),
    permissionType: int8(),
  },
)

export const removeAccessControlEntryRecord = recordMessage(
  'RemoveAccessControlEntryRecord',
  { recordType: 19, versions: '0', flexible: '0+' },
  {
    id: uuid(),
  },
)

export const noOpRecord = recordMessage('NoOpRecord', { recordType: 20, versions: '0', flexible: '0+' }, {})

export const zkMigrationStateRecord = recordMessage(
  'ZkMigrationStateRecord',
  { recordType: 21, versions: '0', flexible: '0+' },
  {
    zkMigrationState: int8(),
  },
)

export const removeUserScramCredentialRecord = recordMessage(
  'RemoveUserScramCredentialRecord',
  { recordType: 22, versions: '0', flexible: '0+' },
  {
    name: string(),
    mechanism: int8(),
  },
)

export const beginTransactionRecord = recordMessage(
  'BeginTransactionRecord',
  { recordType: 23, versions: '0', flexible: '0+' },
  {
    name: nullable(string(), { tag: 0, default: null }),
  },
)

export const endTransactionRecord = recordMessage(
  'EndTransactionRecord',
  { recordType: 24, versions: '0', flexible: '0+' },
  {},
)

export const abortTransactionRecord = recordMessage(
  'AbortTransactionRecord',
  { recordType: 25, versions: '0', flexible: '0+' },
  {
    reason: nullable(string(), { tag: 0, default: null }),
  },
)

export const removeDelegationTokenRecord = recordMessage(
  'RemoveDelegationTokenRecord',
  { recordType: 26, versions: '0', flexible: '0+' },
  {
    tokenId: string(),
  },
)

export const registerControllerRecord = recordMessage(
  'RegisterControllerRecord',
  { recordType: 27, versions: '0', flexible: '0+' },
  {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: boolean(),
    endPoints: array({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: array({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
  },
)

export const clearElrRecord = recordMessage(
  'ClearElrRecord',
  { recordType: 28, versions: '0', flexible: '0+' },
  {
    topicName: string(),
  },
)

export const unregisterControllerRecord = recordMessage(
  'UnregisterControllerRecord',
  { recordType: 29, versions: '0', flexible: '0+' },
  {
    controllerId: int32(),
  },
)

/** Every record of the metadata log. */
export const metadataRecords = {
  registerBrokerRecord,
  unregisterBrokerRecord,
  topicRecord,
  partitionRecord,
  configRecord,
  partitionChangeRecord,
  fenceBrokerRecord,
  unfenceBrokerRecord,
  removeTopicRecord,
  delegationTokenRecord,
  userScramCredentialRecord,
  featureLevelRecord,
  clientQuotaRecord,
  producerIdsRecord,
  brokerRegistrationChangeRecord,
  accessControlEntryRecord,
  removeAccessControlEntryRecord,
  noOpRecord,
  zkMigrationStateRecord,
  removeUserScramCredentialRecord,
  beginTransactionRecord,
  endTransactionRecord,
  abortTransactionRecord,
  removeDelegationTokenRecord,
  registerControllerRecord,
  clearElrRecord,
  unregisterControllerRecord,
}
