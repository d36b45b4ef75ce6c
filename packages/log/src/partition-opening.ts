/** Opens the logs that a start has found. One that can't be opened is there all the same, offline, with the reason. */

import { zeroUuid } from '@ottla/protocol'
import { partitionDirectoryName, partitionMetadataFileName, type TopicPartition } from './file-names.ts'
import type { LogContext } from './log-context.ts'
import type { SegmentContext } from './log-segment.ts'
import { emptyContent } from './partition-creation.ts'
import { loadPartition } from './partition-loader.ts'
import { type LogContent, PartitionLog } from './partition-log.ts'
import { parsePartitionMetadata } from './partition-metadata.ts'
import { StorageError } from './storage-error.ts'

/** What the start has found; offsets by partition directory name, as the checkpoints have them. */
export interface FoundAtStart {
  wasCleanStop: boolean
  mayHaveLostPower: boolean
  recoveryPoints: ReadonlyMap<string, number>
  logStartOffsets: ReadonlyMap<string, number>
  cleanedOffsets: ReadonlyMap<string, number>
}

export class PartitionOpening {
  readonly #context: LogContext
  readonly #found: FoundAtStart

  constructor(context: LogContext, found: FoundAtStart) {
    this.#context = context
    this.#found = found
  }

  /** May be called again for a partition of which nothing is open: it finds what the attempt before has left. */
  async open(topicPartition: TopicPartition, segmentContext: SegmentContext): Promise<PartitionLog> {
    const { logger } = this.#context
    const { wasCleanStop, mayHaveLostPower, recoveryPoints, logStartOffsets, cleanedOffsets } = this.#found
    const name = partitionDirectoryName(topicPartition)
    const { fileSystem, directory } = segmentContext
    let topicId = zeroUuid
    const logOf = (content: LogContent, offlineReason?: StorageError) => {
      const cleanedOffset = cleanedOffsets.get(name)
      const common = { context: this.#context, segmentContext, topicId, content, cleanedOffset, ...topicPartition }
      return new PartitionLog(offlineReason ? { ...common, offlineReason } : common)
    }
    try {
      const metadata = fileSystem.readSmallFile(`${directory}/${partitionMetadataFileName}`)
      topicId = (metadata && parsePartitionMetadata(metadata)) ?? zeroUuid
      const content = await loadPartition({
        ...{ segmentContext, logger, name, mayHaveLostPower, wasCleanStop },
        recoveryPoint: recoveryPoints.get(name),
        logStartOffset: logStartOffsets.get(name),
      })
      return logOf(content)
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      const logStartOffset = logStartOffsets.get(name) ?? 0
      return logOf({ ...emptyContent(segmentContext, 0), logStartOffset, logEndOffset: logStartOffset }, error)
    }
  }
}
