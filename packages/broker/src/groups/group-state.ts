/**
 * The states of a classic group and the only transitions between them.
 *
 *            first join                all joined, or time is up
 *   Empty ───────────────▶ PreparingRebalance ─────────────▶ CompletingRebalance
 *     ▲                      │    ▲       ▲                     │          │
 *     └──── nobody left ─────┘    │       └── a member changed ─┘          │ leader's assignment is durable
 *                                 │                                        ▼
 *                                 └────────── a member changed ───────── Stable
 *
 * Any state may become Dead (the group is deleted or its shard is unloaded); Dead is final.
 * The names are those that DescribeGroups and ListGroups send.
 */

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

const previousStatesOf: Readonly<Record<GroupState, readonly GroupState[]>> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Empty', 'CompletingRebalance', 'Stable'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable'],
}

/** Whether a group in state `from` may move to state `to`. */
export function isValidTransition(from: GroupState, to: GroupState): boolean {
  return previousStatesOf[to].includes(from)
}
