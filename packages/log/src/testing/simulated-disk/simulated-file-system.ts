/**
 * The file system that one process sees of a simulated disk. Every call takes its time, may fail as it is told, and may be the last
 * one: once the power is cut (or the process killed) nothing ever answers again.
 *
 * What a call does happens when it completes. A call that is under way when the end comes may have been done, in part or not at all.
 */

import type { DirectoryEntry, DiskSpace, File, FileStatus, FileSystem, Lock } from '../../file-system/file-system.ts'
import { StorageError } from '../../storage-error.ts'
import type { Choose } from './choices.ts'
import { SimulatedDirectory } from './simulated-directory.ts'
import type { PowerCutOptions, SimulatedDisk } from './simulated-disk.ts'
import { SimulatedFile } from './simulated-file.ts'

export type DiskOperation =
  | 'stat'
  | 'list'
  | 'makeDirectory'
  | 'open'
  | 'create'
  | 'readFile'
  | 'rename'
  | 'link'
  | 'remove'
  | 'removeDirectory'
  | 'syncDirectory'
  | 'read'
  | 'write'
  | 'datasync'
  | 'truncate'
  | 'size'
  | 'close'

export interface DiskCall {
  operation: DiskOperation
  path: string
  /** 1 for the first call of this process. */
  number: number
  sizeInBytes?: number
}

/** What becomes of a call; nothing said: it succeeds at once. */
export interface CallFate {
  delayMs?: number
  /** The system's code to fail with. A write may be done in part then. */
  failure?: string
}

export interface SimulatedFileSystemOptions {
  disk: SimulatedDisk
  choose: Choose
  /** Asked once for each call, before anything of it happens. May cut the power. */
  fateOf?: (call: DiskCall) => CallFate | undefined
  /** Calls back later; without it a call completes in the next microtask, whatever its fate's delay. */
  schedule?: (delayMs: number, action: () => void) => void
  nowMs?: () => number
}

interface CallDetails {
  /** As much of it as `choose` says: what a call that fails, or is cut off, leaves behind. */
  applyPart?(): void
  sizeInBytes?: number
}

interface CallUnderWay extends CallDetails {
  apply(): unknown
}

const changing: ReadonlySet<DiskOperation> = new Set([
  'makeDirectory',
  'create',
  'rename',
  'link',
  'remove',
  'removeDirectory',
  'write',
  'truncate',
])

/** Which process has the lock, by disk: a lock dies with its holder. */
const lockHolders = new WeakMap<SimulatedDisk, SimulatedFileSystem>()

export class SimulatedFileSystem implements FileSystem {
  readonly disk: SimulatedDisk
  readonly #choose: Choose
  readonly #options: SimulatedFileSystemOptions
  readonly #underWay = new Map<number, CallUnderWay>()
  #callCount = 0
  #isDead = false

  constructor(options: SimulatedFileSystemOptions) {
    this.disk = options.disk
    this.#choose = options.choose
    this.#options = options
  }

  get callCount(): number {
    return this.#callCount
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** From now on no call completes. */
  halt(): void {
    this.#isDead = true
  }

  /** The process is gone, the page cache stays: the disk as the next process finds it. */
  kill(): SimulatedDisk {
    this.#end({ isPowerCut: false })
    return this.disk
  }

  /** The machine is off, and so is what only the page cache knew: the disk as the next start finds it. */
  cutPower(options: Omit<PowerCutOptions, 'choose'> & { choose?: Choose } = {}): SimulatedDisk {
    this.#end({ isPowerCut: true })
    return this.disk.afterPowerCut({ choose: this.#choose, ...options })
  }

  bootId(): string {
    return `boot-${this.disk.bootNumber}`
  }

  async lock(path: string): Promise<Lock> {
    const holder = lockHolders.get(this.disk)
    if (holder && !holder.isDead) throw new StorageError('already in use', { path, code: 'IN_USE' })
    lockHolders.set(this.disk, this)
    const release = async () => {
      if (lockHolders.get(this.disk) === this) lockHolders.delete(this.disk)
    }
    return { release }
  }

  stat(path: string): Promise<FileStatus | null> {
    return this.#call('stat', path, () => {
      const node = this.disk.find(path)
      if (!node) return null
      if (node.kind === 'directory') return { kind: 'directory', sizeInBytes: 0, modifiedMs: 0 }
      return { kind: 'file', sizeInBytes: node.sizeInBytes, modifiedMs: node.modifiedMs }
    })
  }

  /** As if there were always room; that a write finds none is what `choose` decides. */
  async diskSpace(): Promise<DiskSpace> {
    return { totalBytes: 2 ** 40, usableBytes: 2 ** 39 }
  }

  list(path: string): Promise<DirectoryEntry[]> {
    return this.#call('list', path, () =>
      [...this.#directory(path).entries].map(([name, { kind }]): DirectoryEntry => ({ name, kind })),
    )
  }

  makeDirectory(path: string): Promise<void> {
    return this.#call('makeDirectory', path, () => {
      const { parent, name } = this.#parent(path)
      if (parent.entries.has(name)) throw failure('EEXIST', path)
      parent.change([name, new SimulatedDirectory()])
    })
  }

  open(path: string, { create = false }: { create?: boolean; readOnly?: boolean } = {}): Promise<File> {
    return this.#call(create ? 'create' : 'open', path, () => {
      const { parent, name } = this.#parent(path)
      let node = parent.entries.get(name)
      if (!node && create) {
        node = new SimulatedFile({ modifiedMs: this.#nowMs() })
        parent.change([name, node])
      }
      if (!node) throw failure('ENOENT', path)
      if (node.kind === 'directory') throw failure('EISDIR', path)
      return this.#openFile(path, node)
    })
  }

  readFile(path: string): Promise<Buffer | null> {
    return this.#call('readFile', path, () => this.#content(path))
  }

  readSmallFile(path: string): Buffer | null {
    return this.#content(path)
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call('rename', from, () => {
      const source = this.#parent(from)
      const target = this.#parent(to)
      const node = source.parent.entries.get(source.name)
      if (!node) throw failure('ENOENT', from)
      if (source.parent !== target.parent) throw new Error('a rename between directories is not simulated')
      source.parent.change([source.name, null], [target.name, node])
    })
  }

  link(from: string, to: string): Promise<void> {
    return this.#call('link', from, () => {
      const { parent, name } = this.#parent(to)
      const node = this.disk.find(from)
      if (node?.kind !== 'file') throw failure(node ? 'EPERM' : 'ENOENT', from)
      if (parent.entries.has(name)) throw failure('EEXIST', to)
      parent.change([name, node])
    })
  }

  remove(path: string): Promise<void> {
    return this.#call('remove', path, () => {
      const { parent, name } = this.disk.parentOf(path)
      if (parent?.entries.has(name)) parent.change([name, null])
    })
  }

  /** Not one step: what is inside goes first, name by name. */
  removeDirectory(path: string): Promise<void> {
    const removeAll = (choose?: Choose) => {
      const { parent, name } = this.disk.parentOf(path)
      const node = parent?.entries.get(name)
      if (!parent || node?.kind !== 'directory') return
      const names = [...node.entries.keys()]
      const count = choose?.(names.length + 1) ?? names.length
      for (const inside of names.slice(0, count)) node.change([inside, null])
      if (!choose) parent.change([name, null])
    }
    return this.#call('removeDirectory', path, () => removeAll(), { applyPart: () => removeAll(this.#choose) })
  }

  syncDirectory(path: string): Promise<void> {
    const directory = this.disk.find(path)
    const mark = directory?.kind === 'directory' ? directory.mark : 0
    return this.#call('syncDirectory', path, () => this.#directory(path).sync(mark))
  }

  #openFile(path: string, file: SimulatedFile): File {
    const call = <T>(operation: DiskOperation, apply: () => T, more?: CallDetails) =>
      this.#call(operation, path, apply, more)
    return {
      path,
      read: (position, lengthInBytes, into) =>
        call('read', () => {
          const bytes = file.read(position, lengthInBytes)
          if (!into) return Buffer.from(bytes)
          bytes.copy(into)
          return into.subarray(0, bytes.length)
        }),
      write: (buffers, position) => {
        const bytes = Buffer.concat(buffers)
        const write = (count: number) => {
          file.modifiedMs = this.#nowMs()
          file.write(bytes.subarray(0, count), position)
        }
        const applyPart = () => write([0, this.#choose(bytes.length + 1), bytes.length][this.#choose(3)]!)
        return call('write', () => write(bytes.length), { applyPart, sizeInBytes: bytes.length })
      },
      datasync: () => {
        const { mark } = file
        const applyPart = () => file.loseDirtyPages(mark, this.#choose)
        return call('datasync', () => file.sync(mark), { applyPart })
      },
      truncate: sizeInBytes => call('truncate', () => file.truncate(sizeInBytes)),
      sizeInBytes: () => call('size', () => file.sizeInBytes),
      close: () => call('close', () => undefined),
    }
  }

  #call<T>(operation: DiskOperation, path: string, apply: () => T, details: CallDetails = {}): Promise<T> {
    if (this.#isDead) return new Promise(() => undefined)
    const number = ++this.#callCount
    return new Promise((resolve, reject) => {
      if (changing.has(operation)) this.#underWay.set(number, { apply, ...details })
      const fate = this.#options.fateOf?.({ operation, path, number, sizeInBytes: details.sizeInBytes ?? 0 }) ?? {}
      if (this.#isDead) return
      const complete = () => {
        if (this.#isDead) return
        this.#underWay.delete(number)
        try {
          if (fate.failure === undefined) return resolve(apply())
          details.applyPart?.()
          reject(failure(operation === 'datasync' ? 'FLUSH_FAILED' : fate.failure, path))
        } catch (error) {
          reject(error)
        }
      }
      if (this.#options.schedule) this.#options.schedule(fate.delayMs ?? 0, complete)
      else queueMicrotask(complete)
    })
  }

  /**
   * Settles what was under way. A loss of power may lose any change that was not flushed, so there it counts as done; of what a killed
   * process had begun the system has done all, a part, or nothing.
   */
  #end({ isPowerCut }: { isPowerCut: boolean }): void {
    this.#isDead = true
    for (const { apply, applyPart } of this.#underWay.values()) {
      try {
        if (!isPowerCut && applyPart) applyPart()
        else if (isPowerCut || this.#choose(2) === 1) apply()
      } catch (error) {
        if (!(error instanceof StorageError)) throw error
        // It would have failed: nothing happened.
      }
    }
    this.#underWay.clear()
  }

  #content(path: string): Buffer | null {
    const node = this.disk.find(path)
    if (!node) return null
    if (node.kind === 'directory') throw failure('EISDIR', path)
    return Buffer.from(node.read(0, node.sizeInBytes))
  }

  #directory(path: string): SimulatedDirectory {
    const node = this.disk.find(path)
    if (node?.kind !== 'directory') throw failure(node ? 'ENOTDIR' : 'ENOENT', path)
    return node
  }

  #parent(path: string): { parent: SimulatedDirectory; name: string } {
    const { parent, name } = this.disk.parentOf(path)
    if (!parent) throw failure('ENOENT', path)
    return { parent, name }
  }

  #nowMs(): number {
    return this.#options.nowMs?.() ?? 0
  }
}

function failure(code: string, path: string): StorageError {
  return new StorageError(`Simulated failure ${code}`, { path, code })
}
