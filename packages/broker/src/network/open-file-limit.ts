/**
 * How many descriptors this process may have open (`ulimit -n`), shared out between the log and its clients: a flood of connections
 * must never leave the log without the one that it needs to store a record.
 */

/** Files of the log that stay open, where there are descriptors enough. */
const maxLogFiles = 1000
/** For standard streams, the event loop, threads, listeners, and files that are open for a moment only. */
const reservedDescriptors = 64

export interface DescriptorShares {
  readonly logFiles: number
  readonly connections: number
}

/** Infinite where there is no limit or it can't be known. */
export function openFileLimit(): number {
  const report = process.report as typeof process.report & { excludeNetwork: boolean }
  const { excludeNetwork } = report
  report.excludeNetwork = true // resolving addresses would take time
  try {
    const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft: number | 'unlimited' } } }
    const limit = userLimits?.open_files?.soft
    return typeof limit === 'number' ? limit : Number.POSITIVE_INFINITY
  } finally {
    report.excludeNetwork = excludeNetwork
  }
}

export function shareDescriptors(limit: number): DescriptorShares {
  const logFiles = Math.max(Math.min(maxLogFiles, Math.floor(limit / 4)), 1)
  return { logFiles, connections: Math.max(limit - logFiles - reservedDescriptors, 1) }
}
