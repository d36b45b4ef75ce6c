/**
 * The file system as the log needs it: the whole of what it may ask of a disk, so that a simulated one can take its place.
 *
 * Two promises that the log builds on, and a simulated disk breaks everywhere else:
 * - bytes are on the disk once `datasync` has resolved, and not before;
 * - a name (of a new, renamed or removed file) is on the disk once `syncDirectory` of its directory has resolved, and not before.
 *
 * Every failure is a StorageError that carries the system's code. Nothing here retries anything, but for the want of a free descriptor.
 */

export interface FileSystem {
  /** Identifies the running system since its start, or null where that can't be known. Tells a killed process from a power cut. */
  bootId(): string | null
  /** Takes the lock file for this process until released or until the process ends, however it ends. Fails with code `IN_USE`. */
  lock(path: string): Promise<Lock>
  /** Null when nothing is there. */
  stat(path: string): Promise<FileStatus | null>
  list(path: string): Promise<DirectoryEntry[]>
  /** Of the disk that the path is on. */
  diskSpace(path: string): Promise<DiskSpace>
  /** Creates the directory; its parent must be there. Fails when it exists. */
  makeDirectory(path: string): Promise<void>
  /** Opens for reading and writing; `create` makes a missing file, `readOnly` needs no right to write. */
  open(path: string, options?: { create?: boolean; readOnly?: boolean }): Promise<File>
  /** The whole content, or null when there is no such file. For indexes. */
  readFile(path: string): Promise<Buffer | null>
  /** The same for files of a few bytes at a start, of which there are thousands: quick, on the event loop. */
  readSmallFile(path: string): Buffer | null
  /** Replaces an existing target at once. */
  rename(from: string, to: string): Promise<void>
  /** A second name for a file, which must not exist. Fails where the file system has no such thing. */
  link(from: string, to: string): Promise<void>
  /** Removes a file; does nothing when it is not there. */
  remove(path: string): Promise<void>
  /** Removes a directory and what is in it; does nothing when it is not there. */
  removeDirectory(path: string): Promise<void>
  syncDirectory(path: string): Promise<void>
}

export interface File {
  readonly path: string
  /** Bytes from `position` on: fewer than asked only where the file ends. Reads into `into` where given. */
  read(position: number, lengthInBytes: number, into?: Buffer): Promise<Buffer>
  /** Writes all of the buffers, or rejects; then an unknown part of them may be in the file. */
  write(buffers: readonly Buffer[], position: number): Promise<void>
  /** Rejects with the code `FLUSH_FAILED`, whatever the reason: no failed flush may be taken for a write that can be tried again. */
  datasync(): Promise<void>
  truncate(sizeInBytes: number): Promise<void>
  sizeInBytes(): Promise<number>
  close(): Promise<void>
}

export interface Lock {
  release(): Promise<void>
}

export interface FileStatus {
  kind: 'file' | 'directory' | 'other'
  sizeInBytes: number
  modifiedMs: number
}

export interface DiskSpace {
  totalBytes: number
  /** What this process may still write. */
  usableBytes: number
}

export interface DirectoryEntry {
  name: string
  kind: 'file' | 'directory' | 'other'
}
