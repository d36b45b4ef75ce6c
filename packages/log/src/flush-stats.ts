/** What is counted of the rounds of all logs: how long the disk takes, and how many batches share the price (group commit). */
export class FlushStats {
  /** Rounds that were flushed; with durability `os`, written. */
  rounds = 0
  /** Of those: from the first write to the end of the flush. */
  totalMs = 0
  batches = 0
  bytes = 0

  note(round: { durationMs: number; batches: number; bytes: number }): void {
    this.rounds++
    this.totalMs += round.durationMs
    this.batches += round.batches
    this.bytes += round.bytes
  }
}
