/** Changes of settings: new text by name; null removes. */

import type { TopicOverrides } from '../settings/topic-config.ts'

export type ConfigChanges = ReadonlyMap<string, string | null>

/** The overrides as they are after the changes. */
export function withChanges(overrides: TopicOverrides, changes: ConfigChanges): TopicOverrides {
  const changed = new Map(overrides)
  for (const [name, value] of changes) {
    if (value === null) changed.delete(name)
    else changed.set(name, value)
  }
  return changed
}
