/**
 * One holder at a time, among processes. Beside SQLite the lock is a write transaction on a small file: the operating system
 * gives it back when its holder dies, however it dies. In PostgreSQL it is an advisory lock of a session, and goes with the
 * session. So there is no stale lock to clean up.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { lockNumber } from './postgres.ts'

export type Lock = { release(): void; isHeld(): boolean }

type LockTry = Lock | undefined | Promise<Lock | undefined>

const retryMs = 250

/** Waits until the lock is free. Rejects with an AbortError when the signal comes first. */
export async function acquireLock(tryOnce: () => LockTry, signal: AbortSignal): Promise<Lock> {
  for (;;) {
    signal.throwIfAborted()
    const lock = await tryOnce()
    if (lock !== undefined) return lock
    await delay(retryMs, undefined, { signal })
  }
}

/** @returns undefined while another process holds it */
export function tryFileLock(path: string): Lock | undefined {
  mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode === 5) return undefined // SQLITE_BUSY
    throw error
  }
  return { release: () => database.close(), isHeld: () => database.isOpen }
}

/** @returns undefined while another session holds it */
export async function tryPostgresLock(url: string, name: string): Promise<Lock | undefined> {
  const client = new pg.Client({ connectionString: url })
  let isHeld = true
  const end = () => {
    isHeld = false
    client.end().catch(() => undefined)
  }
  client.on('error', end)
  await client.connect()
  try {
    const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS held', [lockNumber(name)])
    if (rows[0]?.held === true) return { release: end, isHeld: () => isHeld }
  } catch (error) {
    end()
    throw error
  }
  end()
  return undefined
}
