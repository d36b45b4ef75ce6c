/**
 * The topics that a request names, whatever API it is: by name or by id, at whatever depth, and for an incremental fetch (KIP-227) those
 * of its session, which it does not repeat. For whoever looks at requests from outside; handlers know their own fields.
 */

import { zeroUuid } from '@ottla/protocol'
import type { BrokerServices } from '../services.ts'

type Services = Pick<BrokerServices, 'metadata' | 'fetchSessions'>

export function topicsNamedBy(body: object, { metadata, fetchSessions }: Services): ReadonlySet<string> {
  const names = new Set<string>()
  const addId = (id: unknown): void => {
    const topic = typeof id === 'string' && id !== zeroUuid ? metadata.topicById(id) : undefined
    if (topic !== undefined) names.add(topic.name)
  }
  const walk = (value: unknown, isTopic: boolean): void => {
    if (typeof value === 'string' && isTopic && value !== '') names.add(value)
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return
    if (Array.isArray(value)) {
      for (const element of value) walk(element, isTopic)
      return
    }
    for (const [key, field] of Object.entries(value)) {
      if (key === 'topicId') addId(field)
      // A topic's own name is its field `name` or `topic`; what else has a name (a config, a protocol) lies in other lists.
      else if (key === 'name' || key === 'topic') walk(field, isTopic)
      else if (typeof field === 'object') walk(field, /topic/i.test(key))
    }
  }
  walk(body, false)
  if ('sessionId' in body && typeof body.sessionId === 'number') {
    for (const { topic, topicId } of fetchSessions.partitionsOf(body.sessionId)) {
      if (topic === '') addId(topicId)
      else names.add(topic)
    }
  }
  return names
}
