/** Every message that the package declares, by name: requests, responses, headers and records. For tests only. */

import { apis } from '../apis.ts'
import * as headers from '../headers.ts'
import * as records from '../records/index.ts'
import { Message } from '../schema/index.ts'

type AnyMessage = Message<object, object>

const declared: unknown[] = [...Object.values(headers), ...Object.values(records)]

export const allMessages: ReadonlyMap<string, AnyMessage> = new Map(
  [
    ...[...apis.values()].flatMap(({ request, response }): AnyMessage[] => [request, response]),
    ...declared.filter((value): value is AnyMessage => value instanceof Message),
  ].map(message => [message.name, message]),
)

export function versionsOf({ versions: { lowest, highest } }: AnyMessage): number[] {
  return Array.from({ length: highest - lowest + 1 }, (_, index) => lowest + index)
}
