/**
 * Keeps what Node has compiled for the next start, which is twice as fast by it. In a directory of this user alone: whoever could write to
 * it could have his code run here. Without a place to write to, nothing is kept.
 */

import { mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Before anything else is loaded. */
export function keepCompiled(): void {
  const cacheHome = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const directory = join(cacheHome, 'ottla', 'compiled')
  // Step by step: Node never comes back from making a path below one that can't be made (/proc).
  const isThere = [cacheHome, join(cacheHome, 'ottla'), directory].every(makeDirectory)
  if (isThere) enableCompileCache(directory)
}

/** False where there is none then. */
function makeDirectory(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 })
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EEXIST'
  }
}
