/** Frames that no codec would write. */

export interface FrameByHand {
  readonly apiKey: number
  readonly version: number
  /** 1: without tagged fields, 2: with (none are sent). */
  readonly headerVersion: 1 | 2
  readonly body?: Buffer
  readonly correlationId?: number
}

/** A whole frame, size field included, whatever the API and version. */
export function frameByHand(options: FrameByHand): Buffer {
  const { apiKey, version, headerVersion, body = Buffer.alloc(0), correlationId = 7 } = options
  const client = Buffer.from('by-hand')
  const header = Buffer.alloc(10 + client.length + headerVersion - 1)
  header.writeInt16BE(apiKey, 0)
  header.writeInt16BE(version, 2)
  header.writeInt32BE(correlationId, 4)
  header.writeInt16BE(client.length, 8)
  client.copy(header, 10)
  const size = Buffer.alloc(4)
  size.writeInt32BE(header.length + body.length)
  return Buffer.concat([size, header, body])
}
