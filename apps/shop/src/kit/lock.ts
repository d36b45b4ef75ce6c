/**
 * One holder at a time, among processes. The lock is a write transaction on a small SQLite file: the operating system gives it
 * back when its holder dies, however it dies, so there is no stale lock to clean up.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

export type Lock = { release(): void }

const retryMs = 250

/** Waits until the lock is free. Rejects with an AbortError when the signal comes first. */
export async function acquireLock(path: string, signal: AbortSignal): Promise<Lock> {
  for (;;) {
    signal.throwIfAborted()
    const lock = tryLock(path)
    if (lock !== undefined) return lock
    await delay(retryMs, undefined, { signal })
  }
}

export function tryLock(path: string): Lock | undefined {
  mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode === 5) return undefined // SQLITE_BUSY
    throw error
  }
  return { release: () => database.close() }
}
