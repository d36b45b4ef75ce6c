/**
 * UpdateFeatures (KIP-584, KIP-778): raises and lowers the levels of features; all of one request or none. Before v2 each feature
 * that was changed has a result of its own, with Kafka's word for no error as its text.
 */

import { type Request, updateFeatures } from '@ottla/protocol'
import { type FeatureUpdate, upgradeTypes } from '../metadata/feature-updates.ts'
import { handler } from './handler.ts'

export const updateFeaturesHandler = handler(
  updateFeatures,
  async ({ request, version, broker }) => {
    const updates = request.featureUpdates.map(update => asUpdate(update, version))
    if (request.validateOnly) broker.metadata.checkFeatureUpdates(updates)
    else await broker.metadata.updateFeatures(updates)
    const results = updates.map(({ feature }) => ({ feature, errorCode: 0, errorMessage: 'NONE' }))
    return { errorCode: 0, errorMessage: null, results }
  },
  { refuse: ({ errorCode, errorMessage }) => ({ errorCode, errorMessage, results: [] }) },
)

/** In v0 `allowDowngrade` stands for nothing any more: Kafka's controller reads the kind of change only. */
function asUpdate(
  { feature, maxVersionLevel, upgradeType }: Request<typeof updateFeatures>['featureUpdates'][number],
  version: number,
): FeatureUpdate {
  return { feature, level: maxVersionLevel, upgradeType: version === 0 ? upgradeTypes.upgrade : upgradeType }
}
