/** What the group coordinator gets from the other parts of the broker, in the form in which it wants it. */

import type { Metadata } from '../metadata/metadata.ts'
import { SettingError } from '../settings/setting.ts'
import type { Settings } from '../settings/settings.ts'
import { assignors } from './consumer/assignors/index.ts'
import type { MigrationPolicy } from './consumer/migration.ts'
import type { TopicCatalog } from './consumer/topics.ts'
import type { ConsumerGroupSettings } from './group-context.ts'

/** @throws SettingError for an assignor that there is not */
export function consumerGroupSettings(settings: Settings): ConsumerGroupSettings {
  const names = settings.get('group.consumer.assignors')
  const unknown = names.find(name => !assignors.has(name))
  if (unknown !== undefined || names.length === 0) {
    throw new SettingError(
      `group.consumer.assignors is to name assignors of ${[...assignors.keys()].join(' and ')}, not ${unknown ?? 'none'}`,
    )
  }
  return {
    assignors: names,
    maxSize: settings.get('group.consumer.max.size'),
    migrationPolicy: settings.get('group.consumer.migration.policy').toLowerCase() as MigrationPolicy,
  }
}

export function topicCatalog(metadata: Metadata): TopicCatalog {
  return {
    get version() {
      return metadata.epoch
    },
    byName: name => metadata.topic(name),
    byId: id => metadata.topicById(id),
    *names() {
      for (const { name } of metadata.topics()) yield name
    },
  }
}
