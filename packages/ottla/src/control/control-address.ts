/**
 * Where commands find the broker that runs on a data directory: a socket inside of it (on Windows a named pipe), so that who may use it is
 * decided by the rights on the directory, and no port is open for it.
 */

import { createHash } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { resolve } from 'node:path'

/** Ours alone; Apache Kafka passes over it. */
export const controlSocketName = '.ottla.sock'

/** A socket's path has room for 108 bytes on Linux, with a zero at the end, and for 104 elsewhere. */
const maxPathBytes = process.platform === 'linux' ? 107 : 103

export interface ControlAddress {
  /** For `listen` and `connect`; null where the directory's path is too long for a socket. Good until `release`. */
  readonly path: string | null
  release(): void
}

export function controlAddress(dataDir: string): ControlAddress {
  const directory = resolve(dataDir)
  const keep = (path: string | null) => ({ path, release: () => undefined })
  if (process.platform === 'win32') {
    return keep(`\\\\.\\pipe\\ottla-${createHash('sha256').update(directory.toLowerCase()).digest('hex').slice(0, 32)}`)
  }
  const path = `${directory}/${controlSocketName}`
  if (Buffer.byteLength(path) <= maxPathBytes) return keep(path)
  if (process.platform !== 'linux') return keep(null)
  // By the open directory's number the path is short, however long its name.
  const descriptor = openSync(directory, 'r')
  return {
    path: `/proc/self/fd/${descriptor}/${controlSocketName}`,
    release: () => closeSync(descriptor),
  }
}
