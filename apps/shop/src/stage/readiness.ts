/** Waits for processes that have just been started: the shop opens when all of it can serve. */
import { setTimeout as delay } from 'node:timers/promises'

const everyMs = 50

/** @returns the names of those that were not ready within the time; none is the rule */
export async function whenReady(urls: ReadonlyMap<string, string>, withinMs: number): Promise<string[]> {
  const deadline = performance.now() + withinMs
  const waiting = await Promise.all(
    [...urls].map(async ([name, url]) => {
      while (performance.now() < deadline) {
        if (await isReady(url)) return undefined
        await delay(everyMs)
      }
      return name
    }),
  )
  return waiting.filter(name => name !== undefined)
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(1000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false // nothing listens there yet
  }
}
