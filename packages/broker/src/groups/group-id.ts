import { KafkaError } from '@ottla/protocol'

/**
 * Membership needs a name. Committing and fetching offsets does not: the group with the empty name is as old as Kafka's offsets.
 * @throws KafkaError INVALID_GROUP_ID
 */
export function assertGroupName(groupId: string): void {
  if (groupId === '') throw new KafkaError('INVALID_GROUP_ID')
}
