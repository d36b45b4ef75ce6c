/** Temporary directories of tests. `OTTLA_TEST_KEEP=1` leaves them where they are, to look at after a failure. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type TemporaryDirectory = { path: string; remove(): Promise<void> }

export async function temporaryDirectory(name = 'data'): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), `ottla-test-${name}-`))
  return {
    path,
    async remove() {
      if (process.env.OTTLA_TEST_KEEP === '1') console.error(`kept ${path}`)
      else await rm(path, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
