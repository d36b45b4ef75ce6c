/**
 * Storing and finding again the aborted transactions of a partition, by segment: a `.txnindex` holds those whose marker stands in the
 * segment, and there is no file where there is none. Written when a segment is closed or the stop is clean; after another stop the
 * recovery finds those of the segments that it reads.
 */

import type { AbortedTransactions } from './aborted-transactions.ts'
import { writeNewFile } from './durable-file.ts'
import type { LogSegment, SegmentContext } from './log-segment.ts'
import { type AbortedTransaction, formatTransactionIndex, parseTransactionIndex } from './transaction-index.ts'

/** Durable but for its name in the directory. `endOffset`: where the segment ends (exclusive). */
export async function writeTransactionIndex(
  { fileSystem }: Pick<SegmentContext, 'fileSystem'>,
  { segment, endOffset, aborted }: { segment: LogSegment; endOffset: number; aborted: AbortedTransactions },
): Promise<void> {
  const path = segment.filePath('txnindex')
  const entries = aborted.endingWithin(segment.baseOffset, endOffset)
  if (entries.length > 0) await writeNewFile(fileSystem, path, formatTransactionIndex(entries))
  else if (await fileSystem.stat(path)) await fileSystem.remove(path)
}

/** Null when what the file holds can't be the index of this segment; none where there is no file. */
export async function readTransactionIndex(
  { fileSystem }: Pick<SegmentContext, 'fileSystem'>,
  { segment, endOffset }: { segment: LogSegment; endOffset: number },
): Promise<AbortedTransaction[] | null> {
  const content = await fileSystem.readFile(segment.filePath('txnindex'))
  if (!content) return []
  const entries = parseTransactionIndex(content)
  if (!entries) return null
  let minMarkerOffset = segment.baseOffset
  for (const { producerId, lastOffset, lastStableOffset } of entries) {
    const fits = producerId >= 0 && lastOffset >= minMarkerOffset && lastOffset < endOffset
    if (!fits || lastStableOffset < 0 || lastStableOffset > lastOffset + 1) return null
    minMarkerOffset = lastOffset + 1
  }
  return entries
}
