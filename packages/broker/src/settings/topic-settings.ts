/**
 * What a topic can be configured with: Kafka's facts, what each setting does here, and the broker settings that give its
 * default (Kafka's synonyms), nearest first. A synonym in other units names its factor.
 */

import type { kafkaTopicSettings } from './kafka-settings.ts'

export type TopicSettingName = keyof typeof kafkaTopicSettings

export interface Synonym {
  readonly name: string
  /** The topic's value is the broker's times this. */
  readonly factor?: number
}

export interface TopicSetting {
  readonly documentation: string
  readonly synonyms: readonly Synonym[]
}

const hoursMs = 3_600_000
const minutesMs = 60_000

function topicSetting(documentation: string, ...synonyms: (string | Synonym)[]): TopicSetting {
  return { documentation, synonyms: synonyms.map(name => (typeof name === 'string' ? { name } : name)) }
}

export const topicSettings: Readonly<Record<TopicSettingName, TopicSetting>> = {
  'cleanup.policy': topicSetting(
    '"delete" drops old segments by retention time and size, "compact" keeps the newest record of each key; both may be given.',
    'log.cleanup.policy',
  ),
  'compression.gzip.level': topicSetting(
    'The level when records are compressed with gzip here.',
    'compression.gzip.level',
  ),
  'compression.lz4.level': topicSetting(
    'The level when records are compressed with lz4 here.',
    'compression.lz4.level',
  ),
  'compression.type': topicSetting(
    'The compression that records are stored with; "producer" keeps what the producer chose.',
    'compression.type',
  ),
  'compression.zstd.level': topicSetting(
    'The level when records are compressed with zstd here.',
    'compression.zstd.level',
  ),
  'delete.retention.ms': topicSetting(
    'How long a tombstone of a compacted topic stays readable after it was first compacted.',
    'log.cleaner.delete.retention.ms',
  ),
  'errors.deadletterqueue.group.enable': topicSetting('Whether share groups may write dead letters to this topic.'),
  'file.delete.delay.ms': topicSetting(
    'How long a file that was taken out of the log waits before it is removed.',
    'log.segment.delete.delay.ms',
  ),
  'flush.messages': topicSetting(
    'Kafka flushes after so many records. Every acknowledged record is flushed here, so this changes nothing.',
    'log.flush.interval.messages',
  ),
  'flush.ms': topicSetting(
    'Kafka flushes after so much time. Every acknowledged record is flushed here, so this changes nothing.',
    'log.flush.interval.ms',
    'log.flush.scheduler.interval.ms',
  ),
  'follower.replication.throttled.replicas': topicSetting('Replication quotas; a single node has no followers.'),
  'index.interval.bytes': topicSetting(
    'An index entry is made about every so many bytes of records.',
    'log.index.interval.bytes',
  ),
  'leader.replication.throttled.replicas': topicSetting('Replication quotas; a single node has no followers.'),
  'local.retention.bytes': topicSetting('Used with tiered storage only.', 'log.local.retention.bytes'),
  'local.retention.ms': topicSetting('Used with tiered storage only.', 'log.local.retention.ms'),
  'max.compaction.lag.ms': topicSetting(
    'The longest time that a record stays uncompacted in a compacted topic.',
    'log.cleaner.max.compaction.lag.ms',
  ),
  'max.decompressed.message.bytes': topicSetting(
    'The largest size of a record batch once it is decompressed.',
    'max.decompressed.message.bytes',
  ),
  'max.message.bytes': topicSetting('The largest record batch that is accepted, as it was sent.', 'message.max.bytes'),
  'message.timestamp.after.max.ms': topicSetting(
    "How far a record's timestamp may be ahead of the broker's clock.",
    'log.message.timestamp.after.max.ms',
  ),
  'message.timestamp.before.max.ms': topicSetting(
    "How far a record's timestamp may be behind the broker's clock.",
    'log.message.timestamp.before.max.ms',
  ),
  'message.timestamp.type': topicSetting(
    'Whether a record keeps its creation time or gets the time at which it was appended.',
    'log.message.timestamp.type',
  ),
  'min.cleanable.dirty.ratio': topicSetting(
    'The share of uncompacted bytes from which a log is compacted.',
    'log.cleaner.min.cleanable.ratio',
  ),
  'min.compaction.lag.ms': topicSetting(
    'The shortest time that a record stays uncompacted in a compacted topic.',
    'log.cleaner.min.compaction.lag.ms',
  ),
  'min.insync.replicas': topicSetting(
    'Replicas that must have a record before acks=all is answered. As in Kafka never more than a partition has: one.',
    'min.insync.replicas',
  ),
  preallocate: topicSetting(
    'Whether Kafka preallocates segment files; segments grow as they are written here.',
    'log.preallocate',
  ),
  'remote.copy.lag.bytes': topicSetting('Used with tiered storage only.', 'log.remote.copy.lag.bytes'),
  'remote.copy.lag.ms': topicSetting('Used with tiered storage only.', 'log.remote.copy.lag.ms'),
  'remote.log.copy.disable': topicSetting('Used with tiered storage only.'),
  'remote.log.delete.on.disable': topicSetting('Used with tiered storage only.'),
  'remote.storage.enable': topicSetting('Tiered storage, which this broker does not have: only false is accepted.'),
  'retention.bytes': topicSetting(
    'The size of a partition from which its oldest segments are dropped; -1: no limit.',
    'log.retention.bytes',
  ),
  'retention.ms': topicSetting(
    'How long records are kept before their segment is dropped; -1: for ever.',
    'log.retention.ms',
    { name: 'log.retention.minutes', factor: minutesMs },
    { name: 'log.retention.hours', factor: hoursMs },
  ),
  'segment.bytes': topicSetting('The size at which a new segment file begins.', 'log.segment.bytes'),
  'segment.index.bytes': topicSetting('The size at which an index file is full.', 'log.index.size.max.bytes'),
  'segment.jitter.ms': topicSetting(
    'The most that is taken off segment.ms at random, so that segments do not all roll at once.',
    'log.roll.jitter.ms',
    { name: 'log.roll.jitter.hours', factor: hoursMs },
  ),
  'segment.ms': topicSetting('The age at which a new segment file begins.', 'log.roll.ms', {
    name: 'log.roll.hours',
    factor: hoursMs,
  }),
  'unclean.leader.election.enable': topicSetting(
    'Which replica may lead; a single node has one.',
    'unclean.leader.election.enable',
  ),
}
