/**
 * AlterConfigs (KIP-133): what is set for a resource from now on; whatever is not named goes back to its default. Superseded by
 * IncrementalAlterConfigs, which can't lose a setting that the client did not know of.
 */

import { alterConfigs, KafkaError, type Request } from '@ottla/protocol'
import type { ConfigChanges, Overrides } from '../metadata/config-resource.ts'
import { alterResources, refuseResources } from './alter-resource.ts'
import { handler } from './handler.ts'

type Resource = Request<typeof alterConfigs>['resources'][number]

export const alterConfigsHandler = handler(
  alterConfigs,
  async ({ request, broker }) => ({
    responses: await alterResources(broker, request.resources, {
      check,
      changesOf: asked => overrides => replacement(overrides, asked),
      validateOnly: request.validateOnly,
    }),
  }),
  { refuse: ({ request, ...refusal }) => ({ responses: refuseResources(request.resources, refusal) }) },
)

function check({ configs }: Resource): void {
  const names = new Set<string>()
  for (const { name, value } of configs) {
    if (names.has(name)) throw new KafkaError('INVALID_REQUEST', 'Error due to duplicate config keys')
    names.add(name)
    if (value === null) throw new KafkaError('INVALID_REQUEST', `Null value not supported for : ${name}`)
  }
}

function replacement(overrides: Overrides, { configs }: Resource): ConfigChanges {
  const changes = new Map<string, string | null>([...overrides.keys()].map(name => [name, null]))
  for (const { name, value } of configs) changes.set(name, value)
  return changes
}
