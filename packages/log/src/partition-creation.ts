/** A new partition: its directory and first files, and the log in memory that goes with them. */

import { formatEpochCheckpoint } from './checkpoint-file.ts'
import { replaceFile } from './durable-file.ts'
import { leaderEpochFileName, partitionMetadataFileName, segmentFileName } from './file-names.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { LogSegment, type SegmentContext } from './log-segment.ts'
import type { LogContent } from './partition-log.ts'
import { formatPartitionMetadata } from './partition-metadata.ts'
import { ProducerState } from './producer-state.ts'

const firstEpoch = { epoch: 0, startOffset: 0 }

/** Durable when it resolves, but for the new directory's name in the data directory. Leaves nothing behind when it fails. */
export async function createPartitionFiles({ fileSystem, directory }: SegmentContext, topicId: string): Promise<void> {
  // By a rename: a file that can be seen is flushed, also by a process that comes after one that was killed here.
  const replace = (name: string, content: Buffer) =>
    replaceFile(fileSystem, `${directory}/${name}`, content, { syncDirectory: false })
  await fileSystem.makeDirectory(directory)
  try {
    // One after the other: nothing may still be under way when a failure removes the directory.
    await replace(partitionMetadataFileName, formatPartitionMetadata(topicId))
    await replace(leaderEpochFileName, formatEpochCheckpoint([firstEpoch]))
    const file = await fileSystem.open(`${directory}/${segmentFileName(0, 'log')}`, { create: true })
    await file.close()
    await fileSystem.syncDirectory(directory)
  } catch (error) {
    await fileSystem.removeDirectory(directory)
    throw error
  }
}

export function emptyContent(segmentContext: SegmentContext, createdMs: number): LogContent {
  const segment = new LogSegment(segmentContext, { baseOffset: 0, createdMs, rollJitterMs: 0 })
  segment.startEmpty()
  return {
    segments: [segment],
    logStartOffset: 0,
    logEndOffset: 0,
    snapshotOffset: -1,
    producers: new ProducerState(),
    leaderEpochs: new LeaderEpochs([firstEpoch]),
    areLeaderEpochsNew: false,
  }
}
