/**
 * One directory of the simulated disk. A new, renamed or removed name is certain once the directory is synced; until then any of
 * the changes may be on the disk, save that changes of the same name keep their order. A rename is one change: never half of it.
 */

import type { Choose } from './choices.ts'
import type { SimulatedFile } from './simulated-file.ts'

export type SimulatedNode = SimulatedFile | SimulatedDirectory

interface NameChange {
  sequence: number
  /** New meaning of names; null: gone. */
  names: [string, SimulatedNode | null][]
}

export class SimulatedDirectory {
  readonly kind = 'directory'
  readonly entries = new Map<string, SimulatedNode>()
  #durable = new Map<string, SimulatedNode>()
  #pending: NameChange[] = []
  #sequence = 0

  get isDirty(): boolean {
    return this.#pending.length > 0
  }

  /** Stands for all changes made so far. */
  get mark(): number {
    return this.#sequence
  }

  /** One change of one or two names, at once. */
  change(...names: NameChange['names']): void {
    setNames(this.entries, names)
    this.#pending.push({ sequence: ++this.#sequence, names })
  }

  sync(mark: number): void {
    const done = this.#pending.filter(({ sequence }) => sequence <= mark)
    this.#pending = this.#pending.slice(done.length)
    for (const { names } of done) setNames(this.#durable, names)
  }

  /** What the disk may hold after a loss of power. */
  afterPowerCut(choose: Choose): Map<string, SimulatedNode> {
    const names = new Map(this.#durable)
    for (const group of relatedChanges(this.#pending)) {
      const kept = choose(group.length + 1)
      for (const change of group.slice(0, kept)) setNames(names, change.names)
    }
    return names
  }
}

function setNames(entries: Map<string, SimulatedNode>, names: NameChange['names']): void {
  for (const [name, node] of names) {
    if (node) entries.set(name, node)
    else entries.delete(name)
  }
}

/** Changes that have a name in common, directly or through others, in their order. */
function relatedChanges(changes: readonly NameChange[]): NameChange[][] {
  let groups: { names: Set<string>; changes: NameChange[] }[] = []
  for (const change of changes) {
    const names = new Set(change.names.map(([name]) => name))
    const related = groups.filter(group => [...names].some(name => group.names.has(name)))
    const merged = {
      names: new Set([...names, ...related.flatMap(group => [...group.names])]),
      changes: [...related.flatMap(group => group.changes), change].sort((a, b) => a.sequence - b.sequence),
    }
    groups = [...groups.filter(group => !related.includes(group)), merged]
  }
  return groups.map(group => group.changes)
}
