/** Where tests keep what they fetch and build, outside of any checkout: `$OTTLA_CACHE`, else `~/.cache/ottla`. */
import { homedir } from 'node:os'
import { join } from 'node:path'

export function cacheDirectory(): string {
  return process.env.OTTLA_CACHE ?? join(homedir(), '.cache', 'ottla')
}
