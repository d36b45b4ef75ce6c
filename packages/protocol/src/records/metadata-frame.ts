/**
 * How a metadata record stands in the value of a log record: frame version, record type and message version as unsigned varints, then
 * the message, then nothing.
 */

import {
  type DecodedMessage,
  MalformedMessageError,
  type MessageInput,
  Reader,
  type RecordMessage,
  Writer,
} from '../schema/index.ts'
import { metadataRecords } from './metadata.ts'

const frameVersion = 1

type MetadataRecords = typeof metadataRecords

export type MetadataRecordType = keyof MetadataRecords

/** A metadata record of any type, told apart by `type`: `topicRecord`, `configRecord` … */
export type MetadataRecord = {
  [Type in MetadataRecordType]: { type: Type; version: number; record: DecodedMessage<MetadataRecords[Type]> }
}[MetadataRecordType]

const typesByNumber = new Map(
  (Object.keys(metadataRecords) as MetadataRecordType[]).map(type => [metadataRecords[type].recordType, type]),
)

export function encodeMetadataRecord<Type extends MetadataRecordType>(
  type: Type,
  record: MessageInput<MetadataRecords[Type]>,
  version: number,
): Buffer {
  const message: RecordMessage<object, object> = metadataRecords[type]
  const writer = new Writer()
  writer.varuint(frameVersion)
  writer.varuint(message.recordType)
  writer.varuint(version)
  message.write(writer, record as object, version)
  return writer.finishBuffer()
}

/** Throws MalformedMessageError, also where frame version, record type or message version are not known, or bytes are left over. */
export function decodeMetadataRecord(buffer: Buffer): MetadataRecord {
  const reader = new Reader(buffer)
  const frame = reader.varuint()
  if (frame !== frameVersion) throw new MalformedMessageError(`a metadata record of frame version ${frame}`)
  const recordType = reader.varuint()
  const type = typesByNumber.get(recordType)
  if (type === undefined) throw new MalformedMessageError(`a metadata record of unknown type ${recordType}`)
  const message: RecordMessage<object, object> = metadataRecords[type]
  const version = reader.varuint()
  const { lowest, highest } = message.versions
  if (version < lowest || version > highest) {
    throw new MalformedMessageError(`${message.name} has versions ${lowest} to ${highest}, not ${version}`)
  }
  const record = message.read(reader, version)
  if (reader.remaining > 0) throw reader.malformed(`${reader.remaining} bytes after ${message.name} v${version}`)
  return { type, version, record } as MetadataRecord
}
