/** All APIs by key. What a server answers of them is for its own table to say. */

import * as messages from './messages/index.ts'
import type { Api } from './schema/index.ts'

/** An API of whatever messages. */
export type AnyApi = Api<object, object, object, object>

export const apis: ReadonlyMap<number, AnyApi> = new Map(
  Object.values<AnyApi>(messages)
    .map(api => [api.key, api] as const)
    .sort(([a], [b]) => a - b),
)
