/** A data directory with one partition, opened for a test and closed after it. */

import type { TestContext } from 'node:test'
import type { FileSystem } from '../file-system/file-system.ts'
import { defaultLogConfig, type LogConfig } from '../log-config.ts'
import { LogDirectory } from '../log-directory.ts'
import type { LogDirectoryOptions } from '../log-directory-options.ts'
import type { PartitionLog } from '../partition-log.ts'
import { RecordingLogger } from './recording-logger.ts'
import { temporaryDirectory } from './temporary-directory.ts'

export const topicId = 'CFnEgMcJSKCPjKuLDroeKQ'

export interface LogFixture {
  path: string
  logger: RecordingLogger
  directory: LogDirectory
  log: PartitionLog
  /** Closes and opens again. */
  reopen(): Promise<void>
}

export interface LogFixtureOptions extends Partial<Omit<LogDirectoryOptions, 'path' | 'logger'>> {
  config?: Partial<LogConfig>
  fileSystem?: FileSystem
}

export async function logFixture(
  test: TestContext,
  { config: own = {}, ...options }: LogFixtureOptions = {},
): Promise<LogFixture> {
  const path = `${await temporaryDirectory(test)}/data`
  const logger = new RecordingLogger()
  const config = { ...defaultLogConfig, messageTimestampAfterMaxMs: Number.MAX_SAFE_INTEGER, ...own }
  const open = () => LogDirectory.open({ path, logger, defaultConfig: config, ...options })
  const directory = await open()
  const log = await directory.create({ topic: 'orders', partition: 0, topicId, config })
  const fixture: LogFixture = {
    path,
    logger,
    directory,
    log,
    async reopen() {
      await fixture.directory.close()
      fixture.directory = await open()
      fixture.log = fixture.directory.get('orders', 0)!
    },
  }
  test.after(() => fixture.directory.close())
  return fixture
}
