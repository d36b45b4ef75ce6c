/**
 * The broker settings that Ottla uses, by Kafka's names and with Kafka's meaning. A default that differs from Kafka's says
 * why. All other names that Kafka has are accepted with a warning and have no effect.
 */

import { kafkaBrokerSettings } from './kafka-settings.ts'
import type { SettingFact, SettingValue } from './setting.ts'

export interface BrokerSetting<V extends SettingValue | null> extends SettingFact {
  readonly documentation: string
  /** May be changed while the broker runs (IncrementalAlterConfigs); all others need a restart, as in Kafka. */
  readonly isDynamic: boolean
  /** Carries the type of the value; never present. */
  readonly value?: V
}

interface Options {
  /** Ottla's default where it is not Kafka's. */
  default?: string
  dynamic?: boolean
}

/** Declares a setting by its documentation; type, limits and default come from Kafka's table by name. */
interface Declaration<V extends SettingValue | null> extends Options {
  readonly documentation: string
  readonly value?: V
}

const int = (documentation: string, options?: Options): Declaration<number> => ({ documentation, ...options })
const long = int
const double = int
const optionalNumber = (documentation: string, options?: Options): Declaration<number | null> => ({
  documentation,
  ...options,
})
const string = (documentation: string, options?: Options): Declaration<string> => ({ documentation, ...options })
const optionalString = (documentation: string): Declaration<string | null> => ({ documentation })
const boolean = (documentation: string, options?: Options): Declaration<boolean> => ({ documentation, ...options })
const list = (documentation: string, options?: Options): Declaration<readonly string[]> => ({
  documentation,
  ...options,
})
const optionalList = (documentation: string): Declaration<readonly string[] | null> => ({ documentation })

const dynamic: Options = { dynamic: true }
const topicDefault = (name: string): string => `Default of the topic setting ${name}.`

const declarations = {
  'add.partitions.to.txn.retry.backoff.max.ms': int(
    'How long a request waits for the end of the transaction before, until its client is told to try again.',
  ),
  'advertised.listeners': optionalList(
    'The addresses that clients are told to connect to. Not set: what the client used to reach a loopback or wildcard listener.',
  ),
  'auto.create.topics.enable': boolean('Whether asking for the metadata of an unknown topic creates it.'),
  'broker.id': int('The former name of node.id.'),
  'broker.rack': optionalString('The rack that this broker says it stands in.'),
  'compression.gzip.level': int(topicDefault('compression.gzip.level'), dynamic),
  'compression.lz4.level': int(topicDefault('compression.lz4.level'), dynamic),
  'compression.type': string(topicDefault('compression.type'), dynamic),
  'compression.zstd.level': int(topicDefault('compression.zstd.level'), dynamic),
  'connections.max.idle.ms': long('A connection on which nothing happens for so long is closed.'),
  'controller.listener.names': optionalList('Names of listeners that are for controllers: not opened here.'),
  'default.replication.factor': int('Replicas of a topic that does not say; a single node has one.'),
  'delete.topic.enable': boolean('Whether topics can be deleted.'),
  'fetch.max.bytes': int('The most bytes that one fetch is answered with, whatever the client allows.'),
  // Kafka joins the rebalances of a second into one so that a fleet of consumers causes few. Members hear of it by their next heartbeat
  // then, 5 s later; here they are few, and a second consumer should get its share at once.
  'group.consumer.assignment.interval.ms': int('The least time between two target assignments of a consumer group.', {
    default: '0',
  }),
  'group.consumer.assignors': list('Assignors that consumer groups can use; the first one is the default.'),
  'group.consumer.heartbeat.interval.ms': int('How often the members of a consumer group send heartbeats.'),
  'group.consumer.max.assignment.interval.ms': int('The most that can be set for a group.'),
  'group.consumer.max.heartbeat.interval.ms': int('The most that can be set for a group.'),
  'group.consumer.max.session.timeout.ms': int('The most that can be set for a group.'),
  'group.consumer.max.size': int('The most members that a group of the consumer protocol can have.'),
  'group.consumer.migration.policy': string(
    'Which groups change their protocol when members of the other one come or stay: to the consumer protocol (upgrade), from it (downgrade), both or none.',
  ),
  'group.consumer.min.assignment.interval.ms': int('The least that can be set for a group.'),
  'group.consumer.min.heartbeat.interval.ms': int('The least that can be set for a group.'),
  'group.consumer.min.session.timeout.ms': int('The least that can be set for a group.'),
  'group.consumer.session.timeout.ms': int(
    'How long a member of a consumer group may be silent before it is taken out of it.',
  ),
  // Kafka waits 3 s so that a fleet of consumers joins at once. Here the members are few, and start together or by hand.
  'group.initial.rebalance.delay.ms': int('How long the first rebalance of an empty group waits for more members.', {
    default: '0',
  }),
  'group.max.session.timeout.ms': int('The longest session timeout that a consumer may ask for.'),
  'group.max.size': int('The most members that one consumer group can have.'),
  'group.min.session.timeout.ms': int('The shortest session timeout that a consumer may ask for.'),
  'listener.security.protocol.map': string('The security protocol of each listener name.'),
  listeners: list('The addresses to listen on, as NAME://HOST:PORT. An empty host is every interface.', {
    default: 'PLAINTEXT://127.0.0.1:9092',
  }),
  'log.cleaner.backoff.ms': long('How often it is checked whether logs can be compacted.'),
  'log.cleaner.dedupe.buffer.size': long(
    'The most memory for the keys of one pass of compaction; what has no room waits.',
  ),
  'log.cleaner.delete.retention.ms': long(topicDefault('delete.retention.ms'), dynamic),
  'log.cleaner.enable': boolean('Whether topics with cleanup.policy=compact are compacted.'),
  'log.cleaner.io.buffer.load.factor': double('The share of the memory for keys that is used.'),
  'log.cleaner.io.max.bytes.per.second': double('The most bytes that compaction reads in a second, on average.'),
  'log.cleaner.max.compaction.lag.ms': long(topicDefault('max.compaction.lag.ms'), dynamic),
  'log.cleaner.min.cleanable.ratio': double(topicDefault('min.cleanable.dirty.ratio'), dynamic),
  'log.cleaner.min.compaction.lag.ms': long(topicDefault('min.compaction.lag.ms'), dynamic),
  'log.cleanup.policy': list(topicDefault('cleanup.policy'), dynamic),
  'log.dir': list('The data directory, if log.dirs is not set.', { default: 'ottla-data' }),
  'log.dirs': optionalList('The data directory. Kafka takes several; Ottla takes one.'),
  'log.flush.interval.messages': long(topicDefault('flush.messages'), dynamic),
  'log.flush.interval.ms': optionalNumber(topicDefault('flush.ms'), dynamic),
  'log.flush.scheduler.interval.ms': long(topicDefault('flush.ms')),
  'log.index.interval.bytes': int(topicDefault('index.interval.bytes'), dynamic),
  'log.index.size.max.bytes': int(topicDefault('segment.index.bytes'), dynamic),
  'log.local.retention.bytes': long(topicDefault('local.retention.bytes'), dynamic),
  'log.local.retention.ms': long(topicDefault('local.retention.ms'), dynamic),
  'log.message.timestamp.after.max.ms': long(topicDefault('message.timestamp.after.max.ms'), dynamic),
  'log.message.timestamp.before.max.ms': long(topicDefault('message.timestamp.before.max.ms'), dynamic),
  'log.message.timestamp.type': string(topicDefault('message.timestamp.type'), dynamic),
  'log.preallocate': boolean(topicDefault('preallocate'), dynamic),
  'log.remote.copy.lag.bytes': long(topicDefault('remote.copy.lag.bytes'), dynamic),
  'log.remote.copy.lag.ms': long(topicDefault('remote.copy.lag.ms'), dynamic),
  'log.retention.bytes': long(topicDefault('retention.bytes'), dynamic),
  'log.retention.check.interval.ms': long('How often it is checked whether old segments can be dropped.'),
  'log.retention.hours': int('Default of the topic setting retention.ms, in hours.'),
  'log.retention.minutes': optionalNumber('Default of the topic setting retention.ms, in minutes; before the hours.'),
  'log.retention.ms': optionalNumber('Default of the topic setting retention.ms; before the minutes.', dynamic),
  'log.roll.hours': int('Default of the topic setting segment.ms, in hours.'),
  'log.roll.jitter.hours': int('Default of the topic setting segment.jitter.ms, in hours.'),
  'log.roll.jitter.ms': optionalNumber('Default of the topic setting segment.jitter.ms; before the hours.', dynamic),
  'log.roll.ms': optionalNumber('Default of the topic setting segment.ms; before the hours.', dynamic),
  'log.segment.bytes': int(topicDefault('segment.bytes'), dynamic),
  'log.segment.delete.delay.ms': long(topicDefault('file.delete.delay.ms'), dynamic),
  // Kafka has no limit. One process has file descriptors to lose, and a client that leaks connections should be told.
  'max.connections': int('The most connections at a time; further ones are closed at once.', {
    default: '10000',
    dynamic: true,
  }),
  'max.connections.per.ip': int('The most connections at a time from one address.', dynamic),
  'max.decompressed.message.bytes': int(topicDefault('max.decompressed.message.bytes'), dynamic),
  'max.incremental.fetch.session.cache.slots': int('The most fetch sessions that are kept.'),
  'max.request.partition.size.limit': int('The most partitions that one DescribeTopicPartitions is answered with.'),
  'message.max.bytes': int(topicDefault('max.message.bytes'), dynamic),
  'metadata.log.max.record.bytes.between.snapshots': long(
    'After so many bytes of changes a snapshot of the metadata is written, at the latest after 1 MiB: a start waits for what came after it.',
  ),
  'min.insync.replicas': int(topicDefault('min.insync.replicas'), dynamic),
  // Kafka requires it; a single node needs no choice.
  'node.id': int('The id of this broker.', { default: '1' }),
  'num.partitions': int('Partitions of a topic that does not say how many.'),
  'offset.metadata.max.bytes': int('The longest text that can be stored with a committed offset.'),
  'offsets.retention.check.interval.ms': long('How often it is checked whether committed offsets have expired.'),
  'offsets.retention.minutes': int('How long the offsets of a group are kept once it has no members.'),
  // Kafka spreads groups over 50 partitions because a cluster has many coordinators. Here every partition is one more
  // file to flush in the same process, and all of them share one event loop.
  'offsets.topic.num.partitions': int('Partitions of the topic that keeps committed offsets; fixed once it exists.', {
    default: '4',
  }),
  'offsets.topic.segment.bytes': int('The segment size of the topic that keeps committed offsets.'),
  'producer.id.expiration.ms': int('How long an idempotent producer is remembered after its last record.'),
  // Kafka has no limit; memory is finite: requests wait, nothing is dropped.
  'queued.max.request.bytes': long('The most bytes of requests that are worked on at a time; beyond, requests wait.', {
    default: '268435456',
  }),
  'socket.listen.backlog.size': int('The most connections that wait to be accepted.', { default: '511' }),
  'socket.request.max.bytes': int('The largest request that is accepted.'),
  'telemetry.max.bytes': int('The most bytes of metrics that a client may push at a time, packed and unpacked.'),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': int(
    'How often transactions are looked for that are open for longer than they may be.',
  ),
  'transaction.max.timeout.ms': int('The longest time that a transaction may be open, whatever its producer asks for.'),
  'transaction.remove.expired.transaction.cleanup.interval.ms': int(
    'How often transactional ids are looked for that are to be forgotten.',
  ),
  // As offsets.topic.num.partitions.
  'transaction.state.log.num.partitions': int(
    'Partitions of the topic that keeps transactions; fixed once it exists.',
    {
      default: '4',
    },
  ),
  'transaction.state.log.segment.bytes': int('The segment size of the topic that keeps transactions.'),
  'transactional.id.expiration.ms': int('How long a transactional id is remembered after its last transaction.'),
  'unclean.leader.election.enable': boolean(topicDefault('unclean.leader.election.enable'), dynamic),
} satisfies Record<string, Declaration<SettingValue | null>>

export type BrokerSettingName = keyof typeof declarations
export type BrokerSettingValue<N extends BrokerSettingName> =
  (typeof declarations)[N] extends Declaration<infer V> ? V : never

export const brokerSettings: ReadonlyMap<string, BrokerSetting<SettingValue | null>> = new Map(
  Object.entries<Declaration<SettingValue | null>>(declarations).map(([name, declaration]) => {
    const fact = kafkaBrokerSettings[name]
    if (fact === undefined) throw new Error(`${name} is not a setting of Kafka`)
    const { documentation, dynamic: isDynamic = false } = declaration
    return [name, { ...fact, default: declaration.default ?? fact.default, documentation, isDynamic }]
  }),
)
