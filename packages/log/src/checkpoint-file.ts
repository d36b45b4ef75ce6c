/**
 * Kafka's checkpoint files: a version line, a count line, and one line per entry. Pure text in and out; reading refuses whatever
 * does not add up, so that a damaged checkpoint is never taken for a short one.
 */

import type { TopicPartition } from './file-names.ts'

const version = '0'

export interface OffsetCheckpointEntry extends TopicPartition {
  offset: number
}

/** `topic partition offset` per line: recovery points, log start offsets, high watermarks. */
export function formatOffsetCheckpoint(entries: readonly OffsetCheckpointEntry[]): Buffer {
  return format(entries.map(({ topic, partition, offset }) => `${topic} ${partition} ${offset}`))
}

/** Throws an Error that says what is wrong with the content. */
export function parseOffsetCheckpoint(content: Buffer): OffsetCheckpointEntry[] {
  return parse(content, fields => {
    const [topic, partition, offset] = fields
    if (fields.length !== 3 || !topic) return null
    return { topic, partition: integer(partition), offset: integer(offset) }
  })
}

export interface EpochEntry {
  epoch: number
  /** The first offset written in that epoch. */
  startOffset: number
}

/** `epoch startOffset` per line: a partition's leader-epoch-checkpoint. */
export function formatEpochCheckpoint(entries: readonly EpochEntry[]): Buffer {
  return format(entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`))
}

/** Throws an Error that says what is wrong with the content. */
export function parseEpochCheckpoint(content: Buffer): EpochEntry[] {
  return parse(content, fields => {
    if (fields.length !== 2) return null
    return { epoch: integer(fields[0]), startOffset: integer(fields[1]) }
  })
}

function format(lines: string[]): Buffer {
  return Buffer.from([version, String(lines.length), ...lines, ''].join('\n'), 'utf8')
}

function parse<T>(content: Buffer, parseLine: (fields: string[]) => T | null): T[] {
  const lines = content.toString('utf8').split('\n')
  if (lines[0] !== version) throw new Error(`unknown checkpoint version ${JSON.stringify(lines[0])}`)
  const count = integer(lines[1])
  const entries = lines.slice(2, 2 + count).map(line => {
    const entry = parseLine(line.split(' '))
    if (!entry) throw new Error(`malformed line ${JSON.stringify(line)}`)
    return entry
  })
  if (entries.length !== count) throw new Error(`${count} entries announced, ${entries.length} found`)
  if (lines.slice(2 + count).some(line => line !== '')) throw new Error('more entries than announced')
  return entries
}

function integer(text: string | undefined): number {
  const value = Number(text)
  if (!text || !/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new Error(`not a number: ${JSON.stringify(text)}`)
  return value
}
