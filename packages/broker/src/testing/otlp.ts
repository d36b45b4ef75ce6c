/** Metrics as a client encodes them, for tests: OpenTelemetry's MetricsData. */

export interface EncodedPoint {
  readonly name: string
  readonly kind?: 'gauge' | 'sum'
  readonly value: number
  readonly isDouble?: boolean
  readonly attributes?: Readonly<Record<string, string>>
}

export function encodeMetrics(points: readonly EncodedPoint[]): Buffer {
  const metrics = points.map(({ name, kind = 'gauge', value, isDouble = false, attributes = {} }) => {
    const number = Buffer.alloc(8)
    if (isDouble) number.writeDoubleLE(value)
    else number.writeBigInt64LE(BigInt(value))
    const time = Buffer.alloc(8)
    const point = Buffer.concat([
      fixed64(3, time),
      fixed64(isDouble ? 4 : 6, number),
      ...Object.entries(attributes).map(([key, text]) =>
        message(7, message(1, Buffer.from(key)), message(2, message(1, Buffer.from(text)))),
      ),
    ])
    return message(2, message(1, Buffer.from(name)), message(kind === 'gauge' ? 5 : 7, message(1, point)))
  })
  return message(1, message(2, ...metrics))
}

function fixed64(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 1]), bytes])
}

function message(field: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([(field << 3) | 2]), varint(body.length), body])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}
