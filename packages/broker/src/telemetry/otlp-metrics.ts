/**
 * Reads what clients push: OpenTelemetry's MetricsData (opentelemetry-proto, metrics/v1), a protocol buffer, of which clients of Kafka
 * send gauges and sums with numbers. Other kinds of metrics are passed over, as unknown fields are.
 *
 * It comes from anywhere: every length is checked against the bytes there are, nothing recurses, and the number of points is bounded.
 */

export interface MetricPoint {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly kind: 'gauge' | 'sum'
  readonly value: number
}

/** The bytes are no MetricsData. */
export class MalformedMetricsError extends Error {
  override readonly name = 'MalformedMetricsError'
}

/** Points beyond `maxPoints` are left out. @throws MalformedMetricsError */
export function decodeMetrics(bytes: Buffer, { maxPoints }: { maxPoints: number }): MetricPoint[] {
  const points: MetricPoint[] = []
  for (const resourceMetrics of messages(bytes, 1)) {
    for (const scopeMetrics of messages(resourceMetrics, 2)) {
      for (const metric of messages(scopeMetrics, 2)) {
        for (const point of pointsOf(metric)) {
          if (points.length === maxPoints) return points
          points.push(point)
        }
      }
    }
  }
  return points
}

const kinds: ReadonlyMap<number, MetricPoint['kind']> = new Map([
  [5, 'gauge'],
  [7, 'sum'],
])

function* pointsOf(metric: Buffer): Generator<MetricPoint> {
  let name = ''
  for (const { field, bytes } of fields(metric)) if (field === 1 && bytes !== null) name = bytes.toString()
  for (const { field, bytes } of fields(metric)) {
    const kind = kinds.get(field)
    if (kind === undefined || bytes === null) continue
    for (const dataPoint of messages(bytes, 1)) yield { name, kind, ...numberOf(dataPoint) }
  }
}

/** A NumberDataPoint. */
function numberOf(dataPoint: Buffer): Pick<MetricPoint, 'attributes' | 'value'> {
  const attributes: Record<string, string> = {}
  let value = Number.NaN
  for (const { field, wireType, bytes, fixed64 } of fields(dataPoint)) {
    if (field === 4 && fixed64 !== null) value = fixed64.readDoubleLE()
    else if (field === 6 && fixed64 !== null) value = Number(fixed64.readBigInt64LE())
    else if (field === 7 && wireType === lengthDelimited) {
      const { key, text } = attributeOf(bytes!)
      attributes[key] = text
    }
  }
  return { attributes, value }
}

/** A KeyValue; of its AnyValue the kinds that stand for one value. */
function attributeOf(keyValue: Buffer): { key: string; text: string } {
  let key = ''
  let text = ''
  for (const { field, bytes } of fields(keyValue)) {
    if (bytes === null) continue
    if (field === 1) key = bytes.toString()
    if (field !== 2) continue
    for (const any of fields(bytes)) {
      if (any.field === 1 && any.bytes !== null) text = any.bytes.toString()
      else if (any.field === 2 && any.varint !== null) text = String(any.varint !== 0n)
      else if (any.field === 3 && any.varint !== null) text = String(BigInt.asIntN(64, any.varint))
      else if (any.field === 4 && any.fixed64 !== null) text = String(any.fixed64.readDoubleLE())
    }
  }
  return { key, text }
}

function* messages(bytes: Buffer, wanted: number): Generator<Buffer> {
  for (const { field, bytes: message } of fields(bytes)) if (field === wanted && message !== null) yield message
}

interface WireField {
  readonly field: number
  readonly wireType: number
  readonly varint: bigint | null
  readonly fixed64: Buffer | null
  readonly bytes: Buffer | null
}

const lengthDelimited = 2

function* fields(buffer: Buffer): Generator<WireField> {
  let position = 0
  const take = (length: number): Buffer => {
    if (length > buffer.length - position) throw new MalformedMetricsError('a field ends after its message')
    position += length
    return buffer.subarray(position - length, position)
  }
  const takeVarint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = take(1)[0]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new MalformedMetricsError('a number is too long')
  }
  while (position < buffer.length) {
    const tag = takeVarint()
    const field = Number(tag >> 3n)
    const wireType = Number(tag & 7n)
    const nothing = { field, wireType, varint: null, fixed64: null, bytes: null }
    if (wireType === 0) yield { ...nothing, varint: takeVarint() }
    else if (wireType === 1) yield { ...nothing, fixed64: take(8) }
    else if (wireType === lengthDelimited) yield { ...nothing, bytes: take(Number(takeVarint())) }
    else if (wireType === 5) take(4)
    else throw new MalformedMetricsError(`there is no wire type ${wireType}`)
  }
}
