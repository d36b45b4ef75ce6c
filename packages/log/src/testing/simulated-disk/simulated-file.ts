/**
 * One file of the simulated disk: what is on the disk, what the page cache shows, and the changes in between, in their order.
 *
 *   durable   what a loss of power leaves for certain
 *   pending   changes since: each 512-byte sector may keep any of the versions it has had, and the size any of its values,
 *             independently of each other (so writes are lost, kept, torn and reordered)
 *   cached    what reads show: durable and all that is pending
 */

import type { Choose } from './choices.ts'

export const sectorSizeInBytes = 512

interface Change {
  sequence: number
  kind: 'write' | 'truncate'
  /** Of a truncate: the new size. */
  position: number
  bytes: Buffer
  sizeAfter: number
}

const nothing = Buffer.alloc(0)

export class SimulatedFile {
  readonly kind = 'file'
  modifiedMs: number
  #durable: Buffer
  #cached: Buffer
  #cachedSize: number
  #pending: Change[] = []
  #sequence = 0

  constructor({ content = nothing, modifiedMs }: { content?: Buffer; modifiedMs: number }) {
    this.modifiedMs = modifiedMs
    this.#durable = content
    this.#cached = Buffer.from(content)
    this.#cachedSize = content.length
  }

  get sizeInBytes(): number {
    return this.#cachedSize
  }

  get isDirty(): boolean {
    return this.#pending.length > 0
  }

  /** Stands for all changes made so far. */
  get mark(): number {
    return this.#sequence
  }

  read(position: number, lengthInBytes: number): Buffer {
    return this.#cached.subarray(
      Math.min(position, this.#cachedSize),
      Math.min(position + lengthInBytes, this.#cachedSize),
    )
  }

  write(bytes: Buffer, position: number): void {
    if (bytes.length === 0) return
    const end = position + bytes.length
    if (end > this.#cached.length) {
      const grown = Buffer.alloc(Math.max(end, this.#cached.length * 2))
      this.#cached.copy(grown, 0, 0, this.#cachedSize)
      this.#cached = grown
    }
    bytes.copy(this.#cached, position)
    this.#cachedSize = Math.max(this.#cachedSize, end)
    this.#note('write', position, Buffer.from(bytes))
  }

  truncate(sizeInBytes: number): void {
    if (sizeInBytes === this.#cachedSize) return
    if (sizeInBytes > this.#cached.length) this.#cached = Buffer.concat([this.#cached], sizeInBytes)
    else this.#cached.fill(0, sizeInBytes)
    this.#cachedSize = sizeInBytes
    this.#note('truncate', sizeInBytes, nothing)
  }

  /** Everything up to the mark is on the disk now. */
  sync(mark: number): void {
    const done = this.#pending.filter(change => change.sequence <= mark)
    this.#pending = this.#pending.slice(done.length)
    for (const change of done) this.#durable = apply(this.#durable, change)
  }

  /** A flush has failed: some of the dirty pages are clean now although the disk never got them. Reads show them still. */
  loseDirtyPages(mark: number, choose: Choose): void {
    this.#pending = this.#pending.filter(change => change.sequence > mark || choose(2) === 0)
  }

  /** What the disk may hold after a loss of power. `stale`: sectors that were never written hold this instead of zeroes. */
  afterPowerCut(choose: Choose, stale?: (count: number) => Buffer): Buffer {
    const pending = this.#pending
    if (pending.length === 0) return this.#durable
    const sizes = this.#possibleSizes()
    const size = sizes[choose(sizes.length)]!
    const content = Buffer.alloc(size)
    for (let start = 0; start < size; start += sectorSizeInBytes) {
      const sector = content.subarray(start, Math.min(start + sectorSizeInBytes, size))
      const versions = distinct(this.#versionsOf(start))
      const chosen = choose(versions.length)
      versions[chosen]!.copy(sector)
      if (chosen === 0 && stale && start >= this.#durable.length) stale(sector.length).copy(sector)
    }
    return content
  }

  /** Changes what is on the disk and in the cache, as rot does. */
  damage(change: (content: Buffer) => Buffer): void {
    const content = change(Buffer.from(this.#cached.subarray(0, this.#cachedSize)))
    this.#durable = content
    this.#cached = Buffer.from(content)
    this.#cachedSize = content.length
    this.#pending = []
  }

  #note(kind: Change['kind'], position: number, bytes: Buffer): void {
    this.#pending.push({ sequence: ++this.#sequence, kind, position, bytes, sizeAfter: this.#cachedSize })
  }

  /** Every size it has had since it was last certain, and what lies between: a file grows sector by sector. */
  #possibleSizes(): number[] {
    const known = [this.#durable.length, ...this.#pending.map(change => change.sizeAfter)]
    const [smallest, largest] = [Math.min(...known), Math.max(...known)]
    const first = Math.floor(smallest / sectorSizeInBytes) + 1
    for (let end = first * sectorSizeInBytes; end < largest; end += sectorSizeInBytes) known.push(end)
    return [...new Set(known)]
  }

  /** All contents that the sector has had since it was last certain, oldest first. */
  #versionsOf(start: number): Buffer[] {
    let version = Buffer.alloc(sectorSizeInBytes)
    this.#durable.subarray(start, start + sectorSizeInBytes).copy(version)
    const versions = [version]
    for (const { kind, position, bytes } of this.#pending) {
      if (position >= start + sectorSizeInBytes && kind === 'write') continue
      const from = Math.max(position - start, 0)
      if (kind === 'truncate' ? from >= sectorSizeInBytes : position + bytes.length <= start) continue
      version = Buffer.from(version)
      if (kind === 'truncate') version.fill(0, from)
      else bytes.copy(version, from, Math.max(start - position, 0))
      versions.push(version)
    }
    return versions
  }
}

function apply(content: Buffer, { kind, position, bytes, sizeAfter }: Change): Buffer {
  if (kind === 'truncate') {
    return sizeAfter <= content.length ? content.subarray(0, sizeAfter) : Buffer.concat([content], sizeAfter)
  }
  const result = Buffer.alloc(Math.max(content.length, position + bytes.length))
  content.copy(result)
  bytes.copy(result, position)
  return result
}

function distinct(versions: readonly Buffer[]): Buffer[] {
  const found: Buffer[] = []
  for (const version of versions) if (!found.some(known => known.equals(version))) found.push(version)
  return found
}
