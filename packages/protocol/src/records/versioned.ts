/**
 * A message with its version before it, as an int16: how Kafka frames what it keeps in coordinator topics and in the consumer protocol.
 */

import { MalformedMessageError, type Message, Reader, Writer } from '../schema/index.ts'

export function encodeVersioned<Out, In>(message: Message<Out, In>, value: In, version: number): Buffer {
  const writer = new Writer()
  writer.int16(version)
  message.write(writer, value, version)
  return writer.finishBuffer()
}

export interface DecodeVersionedOptions {
  /** A version above the highest is read as the highest; otherwise it is refused. */
  newerAsHighest?: boolean
}

/** Throws MalformedMessageError, also where the version is not known. */
export function decodeVersioned<Out, In>(
  message: Message<Out, In>,
  buffer: Buffer,
  { newerAsHighest = false }: DecodeVersionedOptions = {},
): Out {
  const reader = new Reader(buffer)
  const version = reader.int16()
  const { lowest, highest } = message.versions
  if (version < lowest || (version > highest && !newerAsHighest)) {
    throw new MalformedMessageError(`${message.name} has versions ${lowest} to ${highest}, not ${version}`)
  }
  return message.read(reader, Math.min(version, highest))
}
