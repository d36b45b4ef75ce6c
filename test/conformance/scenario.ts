/**
 * What a scenario is: a name, and what it says to a broker. It runs against Apache Kafka and against Ottla in the same way;
 * it judges nothing itself, the two transcripts are compared afterwards. So it must be deterministic: same requests in the
 * same order, whatever else happens on the broker. Names come from `conversation.name()`, which no other scenario shares.
 */
import type { AnyApi } from '@ottla/protocol'
import type { Conversation } from './conversation.ts'

export interface Scenario {
  /** The API that it is about. */
  readonly api: AnyApi
  /** The file of its recording, where it is not the API's. */
  readonly file?: string
  /** The version of that API, where the scenario is for one. */
  readonly version: number
  /** Unique. */
  readonly name: string
  /** True if it changes what all others see, or what it is told depends on them: it is played when they are done. */
  readonly isAlone?: boolean
  readonly run: Run
}

type Run = (conversation: Conversation, version: number) => Promise<void>

export interface ScenarioOptions {
  /** First version for which it makes sense; the API's lowest unless given. */
  readonly since?: number
  /** Last version, inclusive; the highest stable one unless given. */
  readonly until?: number
}

/** One scenario for each stable version of the API. */
export function everyVersion(api: AnyApi, title: string, run: Run, options: ScenarioOptions = {}): Scenario[] {
  const { since = api.versions.lowest, until = api.versions.highestStable } = options
  if (since < api.versions.lowest || until > api.versions.highestStable || since > until) {
    throw new Error(`${api.name} has no versions ${since} to ${until}`)
  }
  return Array.from({ length: until - since + 1 }, (_, index) => {
    const version = since + index
    return { api, version, name: `${api.name} v${version}: ${title}`, run }
  })
}

/** One scenario in one version: the highest stable one unless given. */
export function once(api: AnyApi, title: string, run: Run, version = api.versions.highestStable): Scenario {
  return { api, version, name: `${api.name} v${version}: ${title}`, run }
}

/** For scenarios that change what the whole broker does, and change it back; or to which the answer depends on what else is under way. */
export function alone(scenarios: readonly Scenario[]): Scenario[] {
  return scenarios.map(scenario => ({ ...scenario, isAlone: true }))
}
