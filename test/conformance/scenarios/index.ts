/** All scenarios, in the order of the APIs' keys. */
import type { Scenario } from '../scenario.ts'
import { apiVersionsScenarios } from './api-versions.ts'
import {
  describeClusterScenarios,
  describeTopicPartitionsScenarios,
  findCoordinatorScenarios,
  metadataScenarios,
} from './cluster.ts'
import {
  alterPartitionReassignmentsScenarios,
  alterReplicaLogDirsScenarios,
  describeLogDirsScenarios,
  describeQuorumScenarios,
  electLeadersScenarios,
  listPartitionReassignmentsScenarios,
  updateFeaturesScenarios,
} from './cluster-admin.ts'
import {
  allBrokerSettingsScenarios,
  alterConfigsScenarios,
  clientMetricsScenarios,
  listConfigResourcesScenarios,
} from './config-resources.ts'
import { describeConfigsScenarios, incrementalAlterConfigsScenarios } from './configs.ts'
import { consumerGroupDescribeScenarios, consumerGroupHeartbeatScenarios } from './consumer-groups.ts'
import { fetchScenarios } from './fetch.ts'
import { generatedScenarios } from './generated.ts'
import { deleteGroupsScenarios, describeGroupsScenarios, listGroupsScenarios } from './group-admin.ts'
import { offsetCommitScenarios, offsetDeleteScenarios, offsetFetchScenarios } from './group-offsets.ts'
import { listOffsetsScenarios, offsetForLeaderEpochScenarios } from './list-offsets.ts'
import { heartbeatScenarios, joinGroupScenarios, leaveGroupScenarios, syncGroupScenarios } from './membership.ts'
import { produceScenarios } from './produce.ts'
import { protocolChangeScenarios } from './protocol-change.ts'
import { deleteRecordsScenarios, initProducerIdScenarios } from './records.ts'
import { telemetryScenarios } from './telemetry.ts'
import { createPartitionsScenarios, createTopicsScenarios, deleteTopicsScenarios } from './topics.ts'
import {
  addOffsetsToTxnScenarios,
  addPartitionsToTxnScenarios,
  describeProducersScenarios,
  describeTransactionsScenarios,
  endTxnScenarios,
  listTransactionsScenarios,
  readCommittedScenarios,
  transactionalProducerScenarios,
  transactionalProduceScenarios,
  transactionCoordinatorScenarios,
  txnOffsetCommitScenarios,
  writeTxnMarkersScenarios,
} from './transactions.ts'
import { unservedScenarios } from './unserved.ts'

export const allScenarios: readonly Scenario[] = [
  ...produceScenarios,
  ...fetchScenarios,
  ...listOffsetsScenarios,
  ...metadataScenarios,
  ...offsetCommitScenarios,
  ...offsetFetchScenarios,
  ...findCoordinatorScenarios,
  ...joinGroupScenarios,
  ...heartbeatScenarios,
  ...leaveGroupScenarios,
  ...syncGroupScenarios,
  ...describeGroupsScenarios,
  ...listGroupsScenarios,
  ...apiVersionsScenarios,
  ...createTopicsScenarios,
  ...deleteTopicsScenarios,
  ...deleteRecordsScenarios,
  ...initProducerIdScenarios,
  ...offsetForLeaderEpochScenarios,
  ...describeConfigsScenarios,
  ...allBrokerSettingsScenarios,
  ...alterConfigsScenarios,
  ...alterReplicaLogDirsScenarios,
  ...describeLogDirsScenarios,
  ...createPartitionsScenarios,
  ...electLeadersScenarios,
  ...incrementalAlterConfigsScenarios,
  ...clientMetricsScenarios,
  ...alterPartitionReassignmentsScenarios,
  ...listPartitionReassignmentsScenarios,
  ...deleteGroupsScenarios,
  ...offsetDeleteScenarios,
  ...describeQuorumScenarios,
  ...updateFeaturesScenarios,
  ...describeClusterScenarios,
  ...consumerGroupHeartbeatScenarios,
  ...consumerGroupDescribeScenarios,
  ...protocolChangeScenarios,
  ...telemetryScenarios,
  ...listConfigResourcesScenarios,
  ...describeTopicPartitionsScenarios,
  ...transactionCoordinatorScenarios,
  ...transactionalProducerScenarios,
  ...transactionalProduceScenarios,
  ...readCommittedScenarios,
  ...addPartitionsToTxnScenarios,
  ...addOffsetsToTxnScenarios,
  ...endTxnScenarios,
  ...writeTxnMarkersScenarios,
  ...txnOffsetCommitScenarios,
  ...describeTransactionsScenarios,
  ...listTransactionsScenarios,
  ...describeProducersScenarios,
  ...unservedScenarios,
  ...generatedScenarios,
]
