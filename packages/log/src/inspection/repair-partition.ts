/**
 * Makes a damaged partition servable again, by cutting out what is damaged and nothing else: valid batches behind the damage stay, with
 * their offsets, and consumers pass over the gap. What is cut out is kept beside, in `<segment>.log.<from>-<end>.cut`. Only on request,
 * and only in a directory that nobody uses.
 *
 * Each segment: what is cut out stored -> the new log file stored beside -> indexes, snapshots, clean marker and recovery point forgotten
 * -> the new log file renamed into place. A crash in between leaves the old file or the new one; to repair once more goes on from there.
 * What was forgotten the next start makes anew from the batches, since it checks the whole log.
 */

import { formatOffsetCheckpoint, parseOffsetCheckpoint } from '../checkpoint-file.ts'
import { replaceFile } from '../durable-file.ts'
import {
  cleanShutdownFileName,
  cutOutFileSuffix,
  lockFileName,
  logStartOffsetFileName,
  parseSegmentFileName,
  partitionDirectoryName,
  recoveryPointFileName,
  type SegmentFileKind,
  segmentFileName,
  type TopicPartition,
  temporaryFileSuffix,
} from '../file-names.ts'
import type { File, FileSystem } from '../file-system/file-system.ts'
import { nodeFileSystem } from '../file-system/node-file-system.ts'
import { recoverSwap } from '../segment-swap.ts'
import { StorageError } from '../storage-error.ts'
import { offsetIndexEntries, timeIndexEntries } from './index-entries.ts'
import { scanLogFile } from './log-file-scan.ts'

export interface RepairOptions extends TopicPartition {
  /** The data directory. */
  path: string
  onRepair: (repair: Repair) => void
  fileSystem?: FileSystem
}

/** One thing that was done. */
export interface Repair {
  path: string
  message: string
  /** Offsets that are not there any more, if any were: first and end (exclusive). */
  lost?: { fromOffset: number; endOffset: number }
}

/** Resolves to whether anything was changed. Rejects with a StorageError; code `IN_USE` where a broker uses the directory. */
export async function repairPartition(options: RepairOptions): Promise<boolean> {
  const { path, fileSystem = nodeFileSystem } = options
  const directory = `${path}/${partitionDirectoryName(options)}`
  if ((await fileSystem.stat(directory))?.kind !== 'directory') {
    throw new StorageError('There is no such partition', { path: directory, code: 'ENOENT' })
  }
  const lock = await fileSystem.lock(`${path}/${lockFileName}`)
  try {
    return await new PartitionRepair({ ...options, fileSystem, directory }).run()
  } finally {
    await lock.release()
  }
}

interface Piece {
  position: number
  end: number
}

interface SegmentPieces {
  valid: Piece[]
  invalid: (Piece & { reason: string; fromOffset: number; endOffset: number | null })[]
  /** Of what is valid, exclusive. */
  endOffset: number
}

class PartitionRepair {
  readonly #options: RepairOptions & { fileSystem: FileSystem; directory: string }
  #isChanged = false

  constructor(options: RepairOptions & { fileSystem: FileSystem; directory: string }) {
    this.#options = options
  }

  async run(): Promise<boolean> {
    const { fileSystem, directory } = this.#options
    const listed = (await fileSystem.list(directory)).map(({ name }) => name)
    const names = await recoverSwap({ fileSystem, directory }, listed)
    const baseOffsets = names
      .map(parseSegmentFileName)
      .flatMap(found => (found?.kind === 'log' ? [found.offset] : []))
      .sort((a, b) => a - b)
    let endOffset = 0
    for (const [i, baseOffset] of baseOffsets.entries()) {
      const next = baseOffsets[i + 1] ?? null
      endOffset = await this.#repairSegment(baseOffset, { minBaseOffset: endOffset, nextBaseOffset: next })
    }
    await this.#repairEnd(baseOffsets, endOffset)
    return this.#isChanged
  }

  /** Resolves to where the log ends behind it. */
  async #repairSegment(
    baseOffset: number,
    { minBaseOffset, nextBaseOffset }: { minBaseOffset: number; nextBaseOffset: number | null },
  ): Promise<number> {
    const { fileSystem } = this.#options
    const path = this.#path(baseOffset, 'log')
    const file = await fileSystem.open(path, { readOnly: true })
    try {
      const pieces = await this.#examine(file, { baseOffset, minBaseOffset, nextBaseOffset })
      if (pieces.invalid.length > 0) await this.#cutOut(file, baseOffset, pieces)
      else if (nextBaseOffset !== null && (await this.#isEndMissing(baseOffset, { ...pieces, nextBaseOffset }))) {
        await this.#acceptGap(baseOffset, { fromOffset: pieces.endOffset, endOffset: nextBaseOffset })
      }
      return Math.max(pieces.endOffset, minBaseOffset)
    } finally {
      await file.close()
    }
  }

  async #examine(
    file: File,
    segment: { baseOffset: number; minBaseOffset: number; nextBaseOffset: number | null },
  ): Promise<SegmentPieces> {
    const { baseOffset, nextBaseOffset } = segment
    const minBaseOffset = Math.max(baseOffset, segment.minBaseOffset)
    const pieces: SegmentPieces = { valid: [], invalid: [], endOffset: minBaseOffset }
    for await (const stretch of scanLogFile(file, { baseOffset, minBaseOffset })) {
      const { position, end } = stretch
      const isBeyond = stretch.kind === 'batch' && nextBaseOffset !== null && stretch.batch.lastOffset >= nextBaseOffset
      if (stretch.kind === 'invalid' || isBeyond) {
        const reason =
          stretch.kind === 'invalid' ? stretch.reason : `its offsets reach into the next segment (${nextBaseOffset})`
        const former = pieces.invalid.at(-1)
        if (former?.end === position) former.end = end
        else pieces.invalid.push({ position, end, reason, fromOffset: pieces.endOffset, endOffset: nextBaseOffset })
        continue
      }
      const former = pieces.invalid.at(-1)
      if (former?.end === position) former.endOffset = stretch.batch.baseOffset
      const before = pieces.valid.at(-1)
      if (before?.end === position) before.end = end
      else pieces.valid.push({ position, end })
      pieces.endOffset = stretch.batch.nextOffset
    }
    return pieces
  }

  async #cutOut(file: File, baseOffset: number, { valid, invalid }: SegmentPieces): Promise<void> {
    const { fileSystem, directory, onRepair } = this.#options
    for (const piece of invalid)
      await copyPieces(fileSystem, file, `${file.path}.${piece.position}-${piece.end}${cutOutFileSuffix}`, [piece])
    const temporaryPath = file.path + temporaryFileSuffix
    await copyPieces(fileSystem, file, temporaryPath, valid)
    await this.#forgetWhatIsDerived(baseOffset)
    await fileSystem.rename(temporaryPath, file.path)
    await fileSystem.syncDirectory(directory)
    for (const { position, end, reason, fromOffset, endOffset } of invalid) {
      const kept = `kept in ${segmentFileName(baseOffset, 'log')}.${position}-${end}${cutOutFileSuffix}`
      const message = `cut out bytes ${position} to ${end} (${reason}), ${kept}`
      const isEmpty = endOffset !== null && endOffset <= fromOffset
      onRepair({ path: file.path, message, ...(endOffset !== null && !isEmpty && { lost: { fromOffset, endOffset } }) })
    }
  }

  /** Whether the indexes speak of more than the log file has; a gap alone is what compaction leaves. */
  async #isEndMissing(
    baseOffset: number,
    { endOffset, valid, nextBaseOffset }: { endOffset: number; valid: readonly Piece[]; nextBaseOffset: number },
  ): Promise<boolean> {
    if (endOffset >= nextBaseOffset) return false
    const { fileSystem } = this.#options
    const index = await fileSystem.readFile(this.#path(baseOffset, 'index'))
    const timeIndex = await fileSystem.readFile(this.#path(baseOffset, 'timeindex'))
    const sizeInBytes = valid.at(-1)?.end ?? 0
    return (
      (index !== null && offsetIndexEntries(index, baseOffset).some(({ position }) => position >= sizeInBytes)) ||
      (timeIndex !== null && timeIndexEntries(timeIndex, baseOffset).some(({ offset }) => offset >= endOffset))
    )
  }

  /** The end of a closed segment is missing: its indexes, which speak of it, are all that can go. */
  async #acceptGap(baseOffset: number, lost: { fromOffset: number; endOffset: number }): Promise<void> {
    const { onRepair } = this.#options
    await this.#forgetWhatIsDerived(baseOffset)
    onRepair({ path: this.#path(baseOffset, 'log'), message: 'the end of the segment is missing: the gap stays', lost })
  }

  async #repairEnd(baseOffsets: readonly number[], endOffset: number): Promise<void> {
    const { fileSystem, directory, onRepair } = this.#options
    const logStartOffset = this.#checkpointed(logStartOffsetFileName) ?? 0
    const recoveryPoint = this.#checkpointed(recoveryPointFileName) ?? 0
    const last = baseOffsets.at(-1)
    if (last === undefined) return
    if (endOffset < logStartOffset) {
      for (const baseOffset of baseOffsets) {
        await this.#forgetWhatIsDerived(baseOffset)
        const path = this.#path(baseOffset, 'log')
        await fileSystem.rename(path, `${path}.0-end${cutOutFileSuffix}`)
      }
      await fileSystem.syncDirectory(directory)
      onRepair({
        path: directory,
        message: `nothing is left behind the log start ${logStartOffset}: the log begins empty there`,
        lost: { fromOffset: logStartOffset, endOffset: Math.max(recoveryPoint, logStartOffset) },
      })
    } else if (endOffset < recoveryPoint) {
      await this.#forgetWhatIsDerived(last)
      onRepair({
        path: this.#path(last, 'log'),
        message: `the log ends here, although it was flushed up to offset ${recoveryPoint}`,
        lost: { fromOffset: endOffset, endOffset: recoveryPoint },
      })
    }
  }

  /** Everything that the next start makes anew from the batches, from this segment on. Before the log file is changed. */
  async #forgetWhatIsDerived(baseOffset: number): Promise<void> {
    const { fileSystem, directory, path } = this.#options
    for (const { name } of await fileSystem.list(directory)) {
      const found = parseSegmentFileName(name)
      if (!found || found.kind === 'log') continue
      const isOfSegment = found.kind !== 'snapshot' && found.offset === baseOffset
      const isLaterSnapshot = found.kind === 'snapshot' && found.offset > baseOffset
      if (isOfSegment || isLaterSnapshot) await fileSystem.remove(`${directory}/${name}`)
    }
    await fileSystem.syncDirectory(directory)
    if (this.#isChanged) return
    this.#isChanged = true
    await this.#forgetRecoveryPoint()
    await fileSystem.remove(`${path}/${cleanShutdownFileName}`)
    await fileSystem.syncDirectory(path)
  }

  /** Without one the next start checks the whole log. */
  async #forgetRecoveryPoint(): Promise<void> {
    const { fileSystem, path } = this.#options
    const name = partitionDirectoryName(this.#options)
    const entries = readCheckpoint(fileSystem, `${path}/${recoveryPointFileName}`)
    const others = entries.filter(entry => partitionDirectoryName(entry) !== name)
    if (others.length < entries.length) {
      await replaceFile(fileSystem, `${path}/${recoveryPointFileName}`, formatOffsetCheckpoint(others))
    }
  }

  #checkpointed(fileName: string): number | undefined {
    const name = partitionDirectoryName(this.#options)
    const entries = readCheckpoint(this.#options.fileSystem, `${this.#options.path}/${fileName}`)
    return entries.find(entry => partitionDirectoryName(entry) === name)?.offset
  }

  #path(offset: number, kind: SegmentFileKind): string {
    return `${this.#options.directory}/${segmentFileName(offset, kind)}`
  }
}

/** A damaged one says nothing: the start of a broker has its own word on that. */
function readCheckpoint(fileSystem: FileSystem, path: string): ReturnType<typeof parseOffsetCheckpoint> {
  const content = fileSystem.readSmallFile(path)
  if (!content) return []
  try {
    return parseOffsetCheckpoint(content)
  } catch {
    return []
  }
}

const copiedAtOnceBytes = 4 * 1024 * 1024

/** Stored when it resolves, but for the name in the directory. */
async function copyPieces(fileSystem: FileSystem, from: File, toPath: string, pieces: readonly Piece[]): Promise<void> {
  const to = await fileSystem.open(toPath, { create: true })
  try {
    await to.truncate(0)
    let at = 0
    for (const { position, end } of pieces) {
      for (let next = position; next < end; ) {
        const bytes = await from.read(next, Math.min(copiedAtOnceBytes, end - next))
        if (bytes.length === 0)
          throw new StorageError('The file has become shorter', { path: from.path, positionInBytes: next })
        await to.write([bytes], at)
        next += bytes.length
        at += bytes.length
      }
    }
    await to.datasync()
  } finally {
    await to.close()
  }
}
