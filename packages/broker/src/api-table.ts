/**
 * What this server can do: one line an API. The ApiVersions answer, the dispatcher and the support matrix in docs/ are
 * derived from this table, so that they cannot disagree. To add an API: its schema, its handler file, one line here, a test.
 */

import { addOffsetsToTxnHandler } from './apis/add-offsets-to-txn.ts'
import { addPartitionsToTxnHandler } from './apis/add-partitions-to-txn.ts'
import { alterConfigsHandler } from './apis/alter-configs.ts'
import { alterPartitionReassignmentsHandler } from './apis/alter-partition-reassignments.ts'
import { alterReplicaLogDirsHandler } from './apis/alter-replica-log-dirs.ts'
import { apiVersionsHandler } from './apis/api-versions.ts'
import { consumerGroupDescribeHandler } from './apis/consumer-group-describe.ts'
import { consumerGroupHeartbeatHandler } from './apis/consumer-group-heartbeat.ts'
import { createPartitionsHandler } from './apis/create-partitions.ts'
import { createTopicsHandler } from './apis/create-topics.ts'
import { deleteGroupsHandler } from './apis/delete-groups.ts'
import { deleteRecordsHandler } from './apis/delete-records.ts'
import { deleteTopicsHandler } from './apis/delete-topics.ts'
import { describeClusterHandler } from './apis/describe-cluster.ts'
import { describeConfigsHandler } from './apis/describe-configs.ts'
import { describeGroupsHandler } from './apis/describe-groups.ts'
import { describeLogDirsHandler } from './apis/describe-log-dirs.ts'
import { describeProducersHandler } from './apis/describe-producers.ts'
import { describeQuorumHandler } from './apis/describe-quorum.ts'
import { describeTopicPartitionsHandler } from './apis/describe-topic-partitions.ts'
import { describeTransactionsHandler } from './apis/describe-transactions.ts'
import { electLeadersHandler } from './apis/elect-leaders.ts'
import { endTxnHandler } from './apis/end-txn.ts'
import { fetchHandler } from './apis/fetch.ts'
import { findCoordinatorHandler } from './apis/find-coordinator.ts'
import { getTelemetrySubscriptionsHandler } from './apis/get-telemetry-subscriptions.ts'
import type { Handler } from './apis/handler.ts'
import { heartbeatHandler } from './apis/heartbeat.ts'
import { incrementalAlterConfigsHandler } from './apis/incremental-alter-configs.ts'
import { initProducerIdHandler } from './apis/init-producer-id.ts'
import { joinGroupHandler } from './apis/join-group.ts'
import { leaveGroupHandler } from './apis/leave-group.ts'
import { listConfigResourcesHandler } from './apis/list-config-resources.ts'
import { listGroupsHandler } from './apis/list-groups.ts'
import { listOffsetsHandler } from './apis/list-offsets.ts'
import { listPartitionReassignmentsHandler } from './apis/list-partition-reassignments.ts'
import { listTransactionsHandler } from './apis/list-transactions.ts'
import { metadataHandler } from './apis/metadata.ts'
import { offsetCommitHandler } from './apis/offset-commit.ts'
import { offsetDeleteHandler } from './apis/offset-delete.ts'
import { offsetFetchHandler } from './apis/offset-fetch.ts'
import { offsetForLeaderEpochHandler } from './apis/offset-for-leader-epoch.ts'
import { produceHandler } from './apis/produce.ts'
import { pushTelemetryHandler } from './apis/push-telemetry.ts'
import { syncGroupHandler } from './apis/sync-group.ts'
import { txnOffsetCommitHandler } from './apis/txn-offset-commit.ts'
import { updateFeaturesHandler } from './apis/update-features.ts'
import { writeTxnMarkersHandler } from './apis/write-txn-markers.ts'
import type { ServedApi } from './services.ts'

export interface ApiEntry extends ServedApi {
  readonly handler: Handler
}

/** Serves every stable version that the schema has, unless a narrower range is given. */
function serve(handler: Handler): ApiEntry {
  const { key, name, versions } = handler.api
  return { key, name, lowestVersion: versions.lowest, highestVersion: versions.highestStable, handler }
}

export const apiTable: readonly ApiEntry[] = [
  produceHandler,
  fetchHandler,
  listOffsetsHandler,
  metadataHandler,
  offsetCommitHandler,
  offsetFetchHandler,
  findCoordinatorHandler,
  joinGroupHandler,
  heartbeatHandler,
  leaveGroupHandler,
  syncGroupHandler,
  describeGroupsHandler,
  listGroupsHandler,
  apiVersionsHandler,
  createTopicsHandler,
  deleteTopicsHandler,
  deleteRecordsHandler,
  initProducerIdHandler,
  addPartitionsToTxnHandler,
  addOffsetsToTxnHandler,
  endTxnHandler,
  writeTxnMarkersHandler,
  txnOffsetCommitHandler,
  offsetForLeaderEpochHandler,
  describeConfigsHandler,
  alterConfigsHandler,
  alterReplicaLogDirsHandler,
  describeLogDirsHandler,
  createPartitionsHandler,
  electLeadersHandler,
  incrementalAlterConfigsHandler,
  alterPartitionReassignmentsHandler,
  listPartitionReassignmentsHandler,
  describeQuorumHandler,
  updateFeaturesHandler,
  describeClusterHandler,
  getTelemetrySubscriptionsHandler,
  pushTelemetryHandler,
  listConfigResourcesHandler,
  describeProducersHandler,
  describeTransactionsHandler,
  listTransactionsHandler,
  describeTopicPartitionsHandler,
  deleteGroupsHandler,
  offsetDeleteHandler,
  consumerGroupHeartbeatHandler,
  consumerGroupDescribeHandler,
].map(serve)
