/** How the kit's clients are set up, in one place: what the client's own defaults get wrong for a service is set here. */
import { Admin, type BaseOptions } from '@platformatic/kafka'
import type { Topic } from '../contracts/topic.ts'

export type ClientSettings = { brokers: string[]; clientId: string }

/** Short timeouts and no retries inside the client: the loops of the kit retry, for ever, where it can be seen. */
export function clientOptions({ brokers, clientId }: ClientSettings): BaseOptions {
  return { clientId, bootstrapBrokers: brokers, connectTimeout: 2000, timeout: 10_000, retries: 1, retryDelay: 100 }
}

/** Creates the topics that do not exist. Safe to repeat, and for several services at once. */
export async function ensureTopics(client: ClientSettings, topics: readonly Topic[]): Promise<void> {
  const admin = new Admin(clientOptions(client))
  try {
    const existing = new Set(await admin.listTopics({ includeInternals: false }))
    for (const topic of topics) {
      if (existing.has(topic.name)) continue
      await admin
        .createTopics({
          topics: [topic.name],
          partitions: topic.partitions,
          replicas: 1,
          configs: [
            { name: 'retention.ms', value: String(topic.retentionMs) },
            { name: 'cleanup.policy', value: topic.cleanup ?? 'delete' },
          ],
        })
        .catch(ignoreExisting)
    }
  } finally {
    await admin.close()
  }
}

function ignoreExisting(error: unknown): void {
  const found = (error as { findBy?: (property: string, value: string) => unknown }).findBy?.(
    'apiId',
    'TOPIC_ALREADY_EXISTS',
  )
  if (!found) throw error
}

/** The client nests its errors: what a person wants to read are the innermost causes, each once. */
export function kafkaErrorText(error: unknown): string {
  const texts = new Set<string>()
  const visit = (cause: unknown) => {
    const { errors, message, apiId } = cause as { errors?: unknown[]; message?: string; apiId?: string }
    if (Array.isArray(errors) && errors.length > 0) errors.forEach(visit)
    else texts.add(apiId ?? message ?? String(cause))
  }
  visit(error)
  return [...texts].join('; ')
}
