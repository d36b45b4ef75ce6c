/** Whether the level of a feature may be changed as asked (KIP-584, KIP-778), in Kafka's order and words. */

import { KafkaError } from '@ottla/protocol'
import { supportedFeatures } from './features.ts'

/** `FeatureUpdate.UpgradeType` */
export const upgradeTypes = { upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const

export interface FeatureUpdate {
  readonly feature: string
  readonly level: number
  /** One of `upgradeTypes`, or what a client made up. */
  readonly upgradeType: number
}

export interface FeatureContext {
  /** Levels in force; a feature that is not among them has level 0. */
  readonly levels: ReadonlyMap<string, number>
  readonly nodeId: number
}

/** @throws KafkaError INVALID_UPDATE_VERSION for the first that can't be done: then none is. */
export function checkFeatureUpdates(updates: readonly FeatureUpdate[], context: FeatureContext): void {
  for (const update of updates) {
    const problem = problemOf(update, context)
    if (problem === null) continue
    throw new KafkaError(
      'INVALID_UPDATE_VERSION',
      `The update failed for all features since the following feature had an error: ${problem}`,
    )
  }
}

function problemOf({ feature, level, upgradeType }: FeatureUpdate, { levels, nodeId }: FeatureContext): string | null {
  const invalid = (reason: string): string => `Invalid update version ${level} for feature ${feature}. ${reason}`
  if (!Object.values<number>(upgradeTypes).includes(upgradeType)) {
    return invalid('The controller does not support the given upgrade type.')
  }
  if (level < 0) return invalid('A feature version cannot be less than 0.')
  const supported = supportedFeatures.find(({ name }) => name === feature)
  if (supported === undefined) {
    // Level 0 is what every feature has that is not there.
    if (level > 0) return invalid(`Local controller ${nodeId} does not support this feature.`)
  } else if (level < supported.minVersion || level > supported.maxVersion) {
    return invalid(`Local controller ${nodeId} only supports versions ${supported.minVersion}-${supported.maxVersion}`)
  }
  const current = levels.get(feature) ?? 0
  if (level < current) {
    if (upgradeType === upgradeTypes.upgrade) {
      return invalid(
        "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
      )
    }
    if (feature === 'metadata.version') return metadataDowngrade({ level, upgradeType, current })
  }
  if (level > current && upgradeType !== upgradeTypes.upgrade) return invalid("Can't downgrade to a newer version.")
  return null
}

/** What is in the log may be in a form that a lower level does not know. */
function metadataDowngrade({
  level,
  upgradeType,
  current,
}: {
  level: number
  upgradeType: number
  current: number
}): string {
  const reason =
    upgradeType === upgradeTypes.unsafeDowngrade
      ? 'Unsafe metadata downgrade is not supported in this version.'
      : 'Refusing to perform the requested downgrade because it might delete metadata information.'
  return `Unsupported metadata.version downgrade from ${current} to ${level}. ${reason}`
}
