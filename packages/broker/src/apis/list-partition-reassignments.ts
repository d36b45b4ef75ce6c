/** ListPartitionReassignments (KIP-455): no partition of a single node is ever on its way to another. */

import { listPartitionReassignments } from '@ottla/protocol'
import { handler } from './handler.ts'

export const listPartitionReassignmentsHandler = handler(
  listPartitionReassignments,
  () => ({ errorCode: 0, errorMessage: null, topics: [] }),
  { refuse: ({ errorCode, errorMessage }) => ({ errorCode, errorMessage, topics: [] }) },
)
