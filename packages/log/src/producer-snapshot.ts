/**
 * The `.snapshot` file: the producer state at an offset (its name), in Kafka's ProducerSnapshot version 1: int16 version,
 * uint32 CRC-32C of all that follows it, int32 count, entries. Written by hand because the file's checksum stands inside the schema.
 *
 * A producer has an entry for each of its remembered batches, oldest first. Kafka writes the last one only, and takes the last one when it
 * reads several: here a batch that is sent again is recognised after a restart, too, with others behind it.
 */

import { crc32c } from '@ottla/protocol'
import { type ProducerEntry, sequenceBefore } from './producer-state.ts'

const version = 1
const headerSizeInBytes = 2 + 4
const entrySizeInBytes = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8

export function formatProducerSnapshot(entries: Iterable<ProducerEntry>): Buffer {
  const lines = [...entries].flatMap(linesOf)
  const content = Buffer.alloc(headerSizeInBytes + 4 + lines.length * entrySizeInBytes)
  content.writeInt16BE(version, 0)
  let at = content.writeInt32BE(lines.length, headerSizeInBytes)
  for (const { batches, ...entry } of lines) {
    const [batch] = batches
    at = content.writeBigInt64BE(BigInt(entry.producerId), at)
    at = content.writeInt16BE(entry.producerEpoch, at)
    at = content.writeInt32BE(batch?.lastSequence ?? -1, at)
    at = content.writeBigInt64BE(BigInt(batch?.lastOffset ?? -1), at)
    at = content.writeInt32BE(batch ? batch.lastOffset - batch.baseOffset : 0, at)
    at = content.writeBigInt64BE(BigInt(entry.lastTimestamp), at)
    at = content.writeInt32BE(entry.coordinatorEpoch, at)
    at = content.writeBigInt64BE(BigInt(entry.currentTransactionFirstOffset), at)
  }
  content.writeUInt32BE(crc32c(content, headerSizeInBytes, content.length), 2)
  return content
}

/** One for each batch, at least one; what holds now stands in the last. */
function linesOf(entry: ProducerEntry): ProducerEntry[] {
  const earlier = entry.batches.slice(0, -1).map(batch => ({
    ...entry,
    batches: [batch],
    lastTimestamp: batch.maxTimestamp,
    currentTransactionFirstOffset: -1,
  }))
  return [...earlier, { ...entry, batches: entry.batches.slice(-1) }]
}

/** Null when the content is damaged or of an unknown version: the state is then rebuilt from an older snapshot and the log. */
export function parseProducerSnapshot(content: Buffer): ProducerEntry[] | null {
  if (content.length < headerSizeInBytes + 4 || content.readInt16BE(0) !== version) return null
  if (content.readUInt32BE(2) !== crc32c(content, headerSizeInBytes, content.length)) return null
  const count = content.readInt32BE(headerSizeInBytes)
  if (content.length !== headerSizeInBytes + 4 + count * entrySizeInBytes) return null
  const entries = new Map<number, ProducerEntry>()
  for (let i = 0; i < count; i++) {
    const line = parseLine(content, headerSizeInBytes + 4 + i * entrySizeInBytes)
    const known = entries.get(line.producerId)
    const batches = known?.producerEpoch === line.producerEpoch ? [...known.batches, ...line.batches] : line.batches
    entries.set(line.producerId, { ...line, batches })
  }
  return [...entries.values()]
}

function parseLine(content: Buffer, at: number): ProducerEntry {
  const lastSequence = content.readInt32BE(at + 10)
  const lastOffset = Number(content.readBigInt64BE(at + 14))
  const offsetDelta = content.readInt32BE(at + 22)
  const batch = {
    baseSequence: lastSequence < 0 ? lastSequence : sequenceBefore(lastSequence, offsetDelta),
    lastSequence,
    baseOffset: lastOffset - offsetDelta,
    lastOffset,
    maxTimestamp: Number(content.readBigInt64BE(at + 26)),
  }
  return {
    producerId: Number(content.readBigInt64BE(at)),
    producerEpoch: content.readInt16BE(at + 8),
    batches: lastOffset < 0 ? [] : [batch],
    lastTimestamp: Number(content.readBigInt64BE(at + 26)),
    coordinatorEpoch: content.readInt32BE(at + 34),
    currentTransactionFirstOffset: Number(content.readBigInt64BE(at + 38)),
  }
}
