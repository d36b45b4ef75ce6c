/**
 * Which topics a group of consumers reads, taken from what its members sent when they joined.
 * Only the part that all versions of the consumer protocol share is read: version, then the array of topic names.
 */

import type { ClassicGroup } from './classic-group.ts'

/** @returns null when the group does not speak the consumer protocol or a member sent something else under its name */
export function subscribedTopics(group: ClassicGroup): ReadonlySet<string> | null {
  if (!group.usesConsumerProtocol) return null
  if (group.members.size === 0) return new Set()
  if (group.protocolName === null) return null
  const topics = new Set<string>()
  for (const member of group.members.values()) {
    const metadata = member.protocols.get(group.protocolName)
    if (metadata === undefined || !readTopics(metadata, topics)) return null
  }
  return topics
}

/** int16 version, int32 count, then `count` strings with an int16 length. False when the bytes are something else. */
function readTopics(metadata: Buffer, topics: Set<string>): boolean {
  if (metadata.length < 6 || metadata.readInt16BE(0) < 0) return false
  const count = metadata.readInt32BE(2)
  let position = 6
  for (let i = 0; i < count; i++) {
    if (position + 2 > metadata.length) return false
    const length = metadata.readInt16BE(position)
    const end = position + 2 + length
    if (length < 0 || end > metadata.length) return false
    topics.add(metadata.toString('utf8', position + 2, end))
    position = end
  }
  return true
}
