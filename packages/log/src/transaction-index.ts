/**
 * A segment's `.txnindex`: the aborted transactions whose marker stands in it, in Kafka's format. Pure. An entry:
 * int16 version 0, then int64 each: producer id, first offset, last offset (the marker's), last stable offset when it was aborted.
 */

const entrySizeInBytes = 2 + 4 * 8

export interface AbortedTransaction {
  producerId: number
  firstOffset: number
  /** Of the marker. */
  lastOffset: number
  lastStableOffset: number
}

export function formatTransactionIndex(transactions: readonly AbortedTransaction[]): Buffer {
  const content = Buffer.alloc(transactions.length * entrySizeInBytes)
  for (const [index, { producerId, firstOffset, lastOffset, lastStableOffset }] of transactions.entries()) {
    let at = content.writeInt16BE(0, index * entrySizeInBytes)
    for (const value of [producerId, firstOffset, lastOffset, lastStableOffset]) {
      at = content.writeBigInt64BE(BigInt(value), at)
    }
  }
  return content
}

/** Null when the content can't be such an index. */
export function parseTransactionIndex(content: Buffer): AbortedTransaction[] | null {
  if (content.length % entrySizeInBytes !== 0) return null
  const transactions: AbortedTransaction[] = []
  for (let at = 0; at < content.length; at += entrySizeInBytes) {
    if (content.readInt16BE(at) !== 0) return null
    const [producerId, firstOffset, lastOffset, lastStableOffset] = [2, 10, 18, 26].map(field =>
      Number(content.readBigInt64BE(at + field)),
    ) as [number, number, number, number]
    if (firstOffset < 0 || lastOffset < firstOffset) return null
    transactions.push({ producerId, firstOffset, lastOffset, lastStableOffset })
  }
  return transactions
}
