/**
 * A process to be killed: appends batches to several partitions of the directory named by its first argument, and writes one line for
 * each that is durable: `partition offset value`. Runs until it is killed.
 */

import { defaultLogConfig } from '../log-config.ts'
import { LogDirectory } from '../log-directory.ts'
import { batchOf } from './batches.ts'
import { topicId } from './log-fixture.ts'
import { RecordingLogger } from './recording-logger.ts'

const path = process.argv[2]!
const config = {
  ...defaultLogConfig,
  segmentBytes: 20_000,
  indexIntervalBytes: 500,
  messageTimestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
}
const directory = await LogDirectory.open({ path, logger: new RecordingLogger(), defaultConfig: config })
console.log('ready')
for (let partition = 0; partition < 3; partition++) {
  const log =
    directory.get('orders', partition) ?? (await directory.create({ topic: 'orders', partition, topicId, config }))
  const send = () => {
    const value = `${partition}-${log.logEndOffset}-${'x'.repeat((log.logEndOffset * 37) % 700)}`
    const { baseOffset, nextOffset } = log.append(batchOf({ values: [value] }), { origin: 'client' })
    log.whenDurable(nextOffset, error => {
      if (error) throw error
      process.stdout.write(`${partition} ${baseOffset} ${value}\n`)
      setImmediate(send)
    })
  }
  for (let inFlight = 0; inFlight < 5; inFlight++) send()
}
