/**
 * The state after the start as a copy of the data directory, and the way back to it: only what has been touched since is put back, so
 * that the price of a reset is that of the test before it and not of everything there is.
 */

import { constants, copyFileSync, cpSync, existsSync, rmSync, statSync, unlinkSync } from 'node:fs'
import { join, relative } from 'node:path'

export class StartState {
  readonly #saved: string
  readonly #dataDir: string

  /** @param saved a copy of the data directory, as a broker that was stopped in order has left it */
  constructor({ saved, dataDir }: { saved: string; dataDir: string }) {
    this.#saved = saved
    this.#dataDir = dataDir
  }

  /** Puts back every file and directory that was created, written, renamed or removed. Nothing may have the data directory open. */
  restore(touched: Iterable<string>): void {
    const files: [saved: string, path: string][] = []
    for (const path of touched) {
      const saved = join(this.#saved, relative(this.#dataDir, path))
      const stats = statSync(saved, { throwIfNoEntry: false })
      if (stats === undefined) remove(path)
      else if (stats.isFile()) files.push([saved, path])
      // Whole where it is gone; where it is there, what was touched in it has its own turn.
      else if (!existsSync(path)) cpSync(saved, path, { recursive: true })
    }
    for (const [saved, path] of files) copyFileSync(saved, path, constants.COPYFILE_FICLONE)
  }
}

/** Whatever is there. `rmSync` looks at far more, and most of what goes is a file. */
function remove(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats?.isDirectory()) rmSync(path, { recursive: true })
  else if (stats !== undefined) unlinkSync(path)
}
