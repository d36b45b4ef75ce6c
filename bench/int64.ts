/**
 * What int64 as bigint costs against int64 as number, in the message that carries most of them on a hot path: a Fetch request of a
 * hundred partitions, decoded by the same compiled codec, once with a Reader that yields bigints and once with one that yields numbers.
 * Then a Fetch response of a hundred partitions, encoded from either. `node bench/int64.ts`; docs/decisions/0001-int64.md has the figures.
 */

import { fetch, Reader, Writer } from '../packages/protocol/src/index.ts'

const version = 18
const partitionCount = 100
const rounds = 9
const callsPerRound = 10_000

/** What the protocol package would do if offsets were numbers: no exactness beyond 2^53. */
class NumberReader extends Reader {
  readonly #numbers: DataView

  constructor(buffer: Buffer) {
    super(buffer)
    this.#numbers = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  }

  override int64(): bigint {
    const start = this.position
    if (this.remaining < 8) throw this.malformed('8 bytes wanted')
    this.position = start + 8
    const value = this.#numbers.getInt32(start) * 0x1_0000_0000 + this.#numbers.getUint32(start + 4)
    return value as unknown as bigint
  }
}

const topicId = 'y36hd2nrtRVwr1dtYp4LbA'
const indexes = Array.from({ length: partitionCount }, (_, index) => index)
const request = fetch.request.encode(
  {
    maxWaitMs: 500,
    minBytes: 1,
    isolationLevel: 0,
    topics: [
      {
        topicId,
        partitions: indexes.map(partition => ({
          partition,
          fetchOffset: 81_234_567_890 + partition,
          partitionMaxBytes: 2 ** 20,
        })),
      },
    ],
    forgottenTopicsData: [],
  },
  version,
)

function responseOf<T extends number | bigint>(offset: (index: number) => T) {
  const partitions = indexes.map(partitionIndex => ({
    partitionIndex,
    errorCode: 0,
    highWatermark: offset(partitionIndex),
    lastStableOffset: offset(partitionIndex),
    logStartOffset: offset(0),
    abortedTransactions: null,
    records: null,
  }))
  return { responses: [{ topicId, partitions }] }
}

const ofNumbers = responseOf(index => 81_234_567_890 + index)
const ofBigints = responseOf(index => BigInt(81_234_567_890 + index))

/** Sums the offsets, so that the work cannot be optimized away; `Number` is what a handler does with a bigint. */
function sumOfOffsets(reader: Reader): number {
  let sum = 0
  for (const { partitions } of fetch.request.read(reader, version).topics) {
    for (const { fetchOffset, logStartOffset } of partitions) sum += Number(fetchOffset) + Number(logStartOffset)
  }
  return sum
}

function bytesOf(response: typeof ofNumbers | typeof ofBigints): number {
  const writer = new Writer()
  fetch.response.write(writer, response, version)
  return writer.sizeInBytes
}

const cases: Record<string, () => number> = {
  'decode to bigint, then Number()': () => sumOfOffsets(new Reader(request)),
  'decode to number': () => sumOfOffsets(new NumberReader(request)),
  'encode from bigint': () => bytesOf(ofBigints),
  'encode from number': () => bytesOf(ofNumbers),
}

// The cases take turns, so that a busy moment of the machine does not fall on one of them alone.
const results = new Map(Object.keys(cases).map(name => [name, [] as number[]]))
for (let round = 0; round <= rounds; round++) {
  for (const [name, run] of Object.entries(cases)) {
    const started = process.hrtime.bigint()
    for (let call = 0; call < callsPerRound; call++) run()
    const nanoseconds = Number(process.hrtime.bigint() - started) / callsPerRound / partitionCount
    if (round > 0) results.get(name)!.push(nanoseconds)
  }
}

console.log(`Fetch v${version}, ${partitionCount} partitions, node ${process.version}: median of ${rounds} rounds`)
for (const [name, nanoseconds] of results) {
  const median = nanoseconds.sort((a, b) => a - b)[Math.floor(rounds / 2)]!
  console.log(`${name.padEnd(34)} ${median.toFixed(1).padStart(7)} ns a partition`)
}
