/** Whether a broker serves all that it has, and if not, why. */

import type { Broker } from '@ottla/broker'

/** At most so many partitions are named. */
const maxNamed = 20

/** One sentence for each thing that is not served; empty: ready. */
export function whyNotReady({
  logs,
  groups,
  transactions,
}: Pick<Broker, 'logs' | 'groups' | 'transactions'>): string[] {
  const offline = [...logs.logs()].filter(({ isOffline }) => isOffline)
  const reasons = offline
    .slice(0, maxNamed)
    .map(
      ({ topic, partition, offlineReason }) =>
        `partition ${topic}-${partition} is offline: ${offlineReason?.message ?? 'its storage failed'}`,
    )
  if (offline.length > maxNamed) reasons.push(`${offline.length - maxNamed} more partitions are offline`)
  if (groups.shards.some(({ isLoading }) => isLoading)) reasons.push('consumer groups are being loaded')
  if (transactions.shards.some(({ isLoading }) => isLoading)) reasons.push('transactions are being loaded')
  return reasons
}
