/**
 * The shop's data directory says by which format it was written: a directory of another one is refused before anything is started
 * in it. Within a format the databases are migrated by the services themselves.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const format = 2

/** @throws Error that says what to do */
export function claimDataDirectory(path: string): void {
  const file = join(path, 'format')
  if (existsSync(file)) {
    const found = readFileSync(file, 'utf8').trim()
    if (found === String(format)) return
    throw refused(path, `was written by another version of the shop (format ${found}, this one writes ${format})`)
  }
  // Before there were formats, there was no such file.
  if (existsSync(join(path, 'order'))) throw refused(path, 'was written by an earlier version of the shop')
  mkdirSync(path, { recursive: true })
  writeFileSync(file, `${format}\n`)
}

function refused(path: string, why: string): Error {
  return new Error(
    `The data in ${path} ${why}. Delete or move that directory, or name another with SHOP_DATA; a cluster named by ` +
      'KAFKA_BROKERS keeps its topics.',
  )
}
