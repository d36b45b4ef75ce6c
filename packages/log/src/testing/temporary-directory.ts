/** A directory of its own for each test, gone when the test is over. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export async function temporaryDirectory(test: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ottla-log-'))
  test.after(() => rm(path, { recursive: true, force: true }))
  return path
}
