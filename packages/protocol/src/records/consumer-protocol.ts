/**
 * What the members of a classic consumer group tell each other through JoinGroup and SyncGroup. The broker only passes
 * it on; it reads subscriptions to know a group's topics (OffsetDelete, DescribeGroups, upgrade to KIP-848).
 */

import type { DecodedMessage, MessageInput } from '../schema/index.ts'
import { array, bytes, int32, message, nullable, string } from '../schema/index.ts'
import { decodeVersioned, encodeVersioned } from './versioned.ts'

export const consumerProtocolSubscription = message(
  'ConsumerProtocolSubscription',
  { versions: '0-3' },
  {
    topics: array(string()),
    userData: nullable(bytes(), { default: null }),
    ownedPartitions: array(
      {
        topic: string(),
        partitions: array(int32()),
      },
      { since: 1 },
    ),
    generationId: int32({ since: 2, default: -1 }),
    rackId: nullable(string(), { since: 3, default: null }),
  },
)

export const consumerProtocolAssignment = message(
  'ConsumerProtocolAssignment',
  { versions: '0-3' },
  {
    assignedPartitions: array({
      topic: string(),
      partitions: array(int32()),
    }),
    userData: nullable(bytes(), { default: null }),
  },
)

export type ConsumerProtocolSubscription = DecodedMessage<typeof consumerProtocolSubscription>
export type ConsumerProtocolAssignment = DecodedMessage<typeof consumerProtocolAssignment>

/** An int16 version, then the subscription. Newer versions than we know are read as the highest we know, as KIP-429 wants. */
export function decodeConsumerProtocolSubscription(buffer: Buffer): ConsumerProtocolSubscription {
  return decodeVersioned(consumerProtocolSubscription, buffer, { newerAsHighest: true })
}

export function encodeConsumerProtocolSubscription(
  value: MessageInput<typeof consumerProtocolSubscription>,
  version: number,
): Buffer {
  return encodeVersioned(consumerProtocolSubscription, value, version)
}

/** An int16 version, then the assignment. Newer versions than we know are read as the highest we know, as KIP-429 wants. */
export function decodeConsumerProtocolAssignment(buffer: Buffer): ConsumerProtocolAssignment {
  return decodeVersioned(consumerProtocolAssignment, buffer, { newerAsHighest: true })
}

export function encodeConsumerProtocolAssignment(
  value: MessageInput<typeof consumerProtocolAssignment>,
  version: number,
): Buffer {
  return encodeVersioned(consumerProtocolAssignment, value, version)
}
