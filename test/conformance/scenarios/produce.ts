import { fetch, listOffsets, produce, RecordBatch } from '@ottla/protocol'
import type { Conversation } from '../conversation.ts'
import { everyVersion, once, type Scenario } from '../scenario.ts'
import { batch, fetchRequest, firstTimestamp, noId, produceRequest, strangeId, type TopicReference } from './requests.ts'

const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** What a consumer would see at the end. */
async function readAll(t: Conversation, topic: TopicReference): Promise<void> {
  await t.ask(fetch, 12, fetchRequest([{ topic }]))
}

/** Changes bytes of a batch; `isSealed` makes its CRC right again. */
function changed(records: Buffer, change: (batch: RecordBatch) => void, { isSealed = true } = {}): Buffer {
  const copy = Buffer.from(records)
  const view = new RecordBatch(copy)
  change(view)
  if (isSealed) view.setCrc()
  return copy
}
