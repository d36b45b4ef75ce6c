/**
 * Which partition of a coordinator's topic keeps what belongs to a key (a group, a transactional id): Kafka's own rule, so that a data
 * directory means the same to both.
 */

/**
 * Java's `String.hashCode` (over UTF-16 units, 32 bits), its absolute value modulo the number of partitions.
 * @param partitionCount at least 1; must not change once there are keys
 */
export function partitionOfKey(key: string, partitionCount: number): number {
  let hash = 0
  for (let i = 0; i < key.length; i++) hash = (Math.imul(31, hash) + key.charCodeAt(i)) | 0
  // The smallest int32 has no positive counterpart; Kafka takes 0.
  return hash === -(2 ** 31) ? 0 : Math.abs(hash) % partitionCount
}
