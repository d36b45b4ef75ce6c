/** The files that are made from the contracts, by their path below `contracts/`. */
import { asyncApi, eventSchemas } from '../asyncapi.ts'

export function generatedFiles(): Map<string, string> {
  const text = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
  return new Map([
    ['asyncapi.json', text(asyncApi())],
    ...Object.entries(eventSchemas()).map(([type, schema]) => [`schemas/${type}.json`, text(schema)] as const),
  ])
}
