/** `ottla config …` */

import { alterConfigs, configsOf, type ResourceType } from '../../client/topics.ts'
import { note, printJson, printTable } from './output.ts'
import { type ClientOptions, withCluster } from './session.ts'

export function getConfigs(
  type: ResourceType,
  name: string,
  options: ClientOptions & { all?: boolean },
): Promise<number> {
  return withCluster(options, async cluster => {
    const configs = (await configsOf(cluster, { type, name })).filter(({ isOwn }) => options.all || isOwn)
    if (options.json) {
      for (const config of configs) printJson(config)
      return
    }
    if (configs.length === 0) note(`Nothing is set for the ${type} ${name}; --all shows what holds`)
    else
      printTable(
        ['CONFIG', 'VALUE', 'SET HERE'],
        configs.map(({ name, value, isOwn }) => [name, value, isOwn ? 'yes' : 'no']),
      )
  })
}

export async function setConfigs(
  { type, name }: { type: ResourceType; name: string },
  changes: ReadonlyMap<string, string | null>,
  options: ClientOptions & { dryRun?: boolean },
): Promise<number> {
  return withCluster(options, async cluster => {
    await alterConfigs(cluster, { type, name }, { changes, isDryRun: options.dryRun ?? false })
    for (const [key, value] of changes) {
      const done = options.dryRun ? 'Would accept' : 'Changed'
      note(value === null ? `${done} ${key} of ${name}: back to its default` : `${done} ${key} of ${name}: ${value}`)
    }
  })
}
