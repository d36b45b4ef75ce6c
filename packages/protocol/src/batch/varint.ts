/** Zigzag variable-length integers as records use them (protobuf's): a cursor that reads within bounds, and sizes and writes. */

export class VarintReader {
  readonly buffer: Buffer
  position: number
  readonly end: number

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.buffer = buffer
    this.position = position
    this.end = end
  }

  get bytesLeft(): number {
    return this.end - this.position
  }

  /** 32 bits. Throws RangeError where it ends early or takes more than five bytes. */
  readVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.position >= this.end) throw new RangeError('A varint ends early')
      const byte = this.buffer[this.position++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    throw new RangeError('A varint has more than five bytes')
  }

  /** 64 bits, exact up to 2^53 and rounded beyond. Throws RangeError where it ends early or takes more than ten bytes. */
  readVarlong(): number {
    const start = this.position
    let value = 0
    let scale = 1
    for (let count = 0; count < 7; count++) {
      if (this.position >= this.end) throw new RangeError('A varlong ends early')
      const byte = this.buffer[this.position++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      scale *= 128
    }
    this.position = start
    return Number(this.#readLongVarlong())
  }

  #readLongVarlong(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.position >= this.end) throw new RangeError('A varlong ends early')
      const byte = this.buffer[this.position++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
    }
    throw new RangeError('A varlong has more than ten bytes')
  }

  /** Throws RangeError where there are fewer bytes, as `readSlice` does. */
  skip(lengthInBytes: number): void {
    if (lengthInBytes > this.bytesLeft) throw new RangeError(`${lengthInBytes} bytes announced, ${this.bytesLeft} left`)
    this.position += lengthInBytes
  }

  /** The next bytes as a slice, not a copy. */
  readSlice(lengthInBytes: number): Buffer {
    const start = this.position
    this.skip(lengthInBytes)
    return this.buffer.subarray(start, this.position)
  }
}

/** `value` is a 32-bit integer. */
export function varintSize(value: number): number {
  return unsignedSize(((value << 1) ^ (value >> 31)) >>> 0)
}

/** `value` is a safe integer. */
export function varlongSize(value: number): number {
  return unsignedSize(isSmall(value) ? zigzag(value) : Number(zigzagBigInt(value)))
}

/** Writes a 32-bit integer and returns the position behind it. */
export function writeVarint(buffer: Buffer, position: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest >= 0x80) {
    buffer[position++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  buffer[position++] = rest
  return position
}

/** Writes a safe integer and returns the position behind it. */
export function writeVarlong(buffer: Buffer, position: number, value: number): number {
  if (!isSmall(value)) return writeLongVarlong(buffer, position, value)
  let rest = zigzag(value)
  while (rest >= 0x80) {
    buffer[position++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  buffer[position++] = rest
  return position
}

function writeLongVarlong(buffer: Buffer, position: number, value: number): number {
  let rest = zigzagBigInt(value)
  while (rest >= 0x80n) {
    buffer[position++] = Number(rest & 0x7fn) | 0x80
    rest >>= 7n
  }
  buffer[position++] = Number(rest)
  return position
}

/** What can be doubled without leaving the safe integers: all timestamps that occur. */
function isSmall(value: number): boolean {
  return value < 2 ** 52 && value > -(2 ** 52)
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}

function zigzagBigInt(value: number): bigint {
  return value >= 0 ? BigInt(value) * 2n : BigInt(value) * -2n - 1n
}

function unsignedSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++
  return size
}
