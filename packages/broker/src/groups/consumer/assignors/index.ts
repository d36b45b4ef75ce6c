/** The server-side assignors by name; `group.consumer.assignors` says which of them may be asked for, the first by default. */

import type { Assignor } from './assignor.ts'
import { rangeAssignor } from './range-assignor.ts'
import { uniformAssignor } from './uniform-assignor.ts'

export const assignors: ReadonlyMap<string, Assignor> = new Map(
  [uniformAssignor, rangeAssignor].map(assignor => [assignor.name, assignor]),
)
