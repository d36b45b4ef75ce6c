/** The hash by which Kafka's own producers choose a key's partition: MurmurHash2, 32 bits, with their seed. */

const seed = 0x97_47_b2_8c
const multiplier = 0x5b_d1_e9_95

/** Signed 32 bits, as Java has it. */
export function murmur2(data: Buffer): number {
  const { length } = data
  let hash = seed ^ length
  const end = length - (length % 4)
  for (let at = 0; at < end; at += 4) {
    let word = Math.imul(data.readInt32LE(at), multiplier)
    word ^= word >>> 24
    word = Math.imul(word, multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  for (let at = length - 1; at >= end; at--) hash ^= data[at]! << (8 * (at - end))
  if (length > end) hash = Math.imul(hash, multiplier)
  hash ^= hash >>> 13
  hash = Math.imul(hash, multiplier)
  return hash ^ (hash >>> 15)
}
