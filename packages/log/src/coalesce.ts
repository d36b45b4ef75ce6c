/** Shares one piece of work among all who ask for it while it has not begun: a directory is synced once for fifty new partitions. */

/** Whoever calls gets a run that begins after the call; at most one is under way and one waits. */
export function coalesce(work: () => Promise<void>): () => Promise<void> {
  let underWay: Promise<void> | undefined
  let waiting: Promise<void> | undefined

  const start = (): Promise<void> => {
    const run = work().finally(() => {
      if (underWay === run) underWay = undefined
    })
    underWay = run
    return run
  }

  return () => {
    if (!underWay) return start()
    waiting ??= underWay
      .catch(() => undefined) // told to those who asked for that run
      .then(() => {
        waiting = undefined
        return start()
      })
    return waiting
  }
}

/** Runs the work for all items, at most `limit` at a time. Results in the order of the items. */
export async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length)
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index]!)
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  return results
}
