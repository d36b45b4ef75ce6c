/** Invariants of the group coordinator. They hold in production too: a broken one is a bug, never a client's mistake. */

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`)
}
