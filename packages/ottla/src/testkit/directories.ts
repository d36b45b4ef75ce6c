/** Copies of data directories. Only of a broker that is stopped: what is copied is what the next start finds. */

import { constants } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The lock belongs to the process that holds it, not to the data. */
const leftOut = new Set(['.lock'])

/** Into a directory that is there and empty. Where the file system can, files share their blocks until one of them is changed. */
export async function copyDirectory(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true })
  await Promise.all(
    entries.map(async entry => {
      if (entry.isDirectory()) {
        await mkdir(join(to, entry.name))
        await copyDirectory(join(from, entry.name), join(to, entry.name))
      } else if (!leftOut.has(entry.name))
        await copyFile(join(from, entry.name), join(to, entry.name), constants.COPYFILE_FICLONE)
    }),
  )
}
