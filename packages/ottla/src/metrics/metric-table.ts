/**
 * Every metric of `/metrics`: the endpoint and docs/metrics.md are made of this table. Values are counted anyway or read when they are asked
 * for; nothing here runs while nobody asks. Names are those that Apache Kafka's MBeans have in Prometheus (jmx_exporter) where Kafka has one,
 * then those of kafka_exporter (groups) and prom-client (process).
 */

import type { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Broker, latencyBoundsMs } from '@ottla/broker'

export interface MetricSource {
  readonly broker: Pick<
    Broker,
    'logs' | 'groups' | 'transactions' | 'metadata' | 'connectionCount' | 'unsentAnswers' | 'requestStats'
  >
  /** Nanoseconds. */
  readonly eventLoopDelay: Pick<ReturnType<typeof monitorEventLoopDelay>, 'percentile' | 'count'>
}

export interface Sample {
  /** What follows the metric's name, of histograms: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string
  readonly labels?: Readonly<Record<string, string | number>>
  readonly value: number
}

export interface MetricRow {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  readonly help: string
  /** Apache Kafka's MBean of the same meaning, or null. */
  readonly mbean: string | null
  read(source: MetricSource): Iterable<Sample>
}

const nanosecondsPerSecond = 1e9

export const metricTable: readonly MetricRow[] = [
  {
    name: 'kafka_network_requestmetrics_requests_total',
    type: 'counter',
    labels: ['request'],
    help: 'Requests that were answered, by API.',
    mbean: 'kafka.network:type=RequestMetrics,name=RequestsPerSec',
    *read({ broker }) {
      for (const { api, stats } of broker.requestStats()) yield { labels: { request: api }, value: stats.requests }
    },
  },
  {
    name: 'kafka_network_requestmetrics_errors_total',
    type: 'counter',
    labels: ['request', 'error'],
    help: 'Requests that were refused as a whole. Errors of single partitions or topics inside an answer are not counted.',
    mbean: 'kafka.network:type=RequestMetrics,name=ErrorsPerSec',
    *read({ broker }) {
      for (const { api, stats } of broker.requestStats()) {
        for (const [error, value] of stats.refusals) yield { labels: { request: api, error }, value }
      }
    },
  },
  {
    name: 'kafka_network_requestmetrics_totaltime_seconds',
    type: 'histogram',
    labels: ['request'],
    help: "From a request's turn to the bytes of its answer, by API. A fetch that waits for records is in it with its wait. Only APIs that were used.",
    mbean: 'kafka.network:type=RequestMetrics,name=TotalTimeMs',
    *read({ broker }) {
      for (const { api, stats } of broker.requestStats()) {
        if (stats.requests === 0) continue
        let below = 0
        for (const [index, boundMs] of latencyBoundsMs.entries()) {
          below += stats.buckets[index]!
          yield { suffix: '_bucket', labels: { request: api, le: boundMs / 1000 }, value: below }
        }
        yield { suffix: '_bucket', labels: { request: api, le: '+Inf' }, value: stats.requests }
        yield { suffix: '_sum', labels: { request: api }, value: stats.totalMs / 1000 }
        yield { suffix: '_count', labels: { request: api }, value: stats.requests }
      }
    },
  },
  {
    name: 'kafka_server_socket_server_metrics_connection_count',
    type: 'gauge',
    labels: [],
    help: 'Open connections of clients.',
    mbean: 'kafka.server:type=socket-server-metrics,name=connection-count',
    read: ({ broker }) => [{ value: broker.connectionCount }],
  },
  {
    name: 'ottla_network_unsent_answer_bytes',
    type: 'gauge',
    labels: [],
    help: 'Bytes of answers that clients have asked for and not read yet.',
    mbean: null,
    read: ({ broker }) => [{ value: broker.unsentAnswers.bytes }],
  },
  ...(
    [
      ['bytesin', 'bytesIn', 'Bytes of record batches that clients have appended, by topic.', 'BytesInPerSec'],
      ['bytesout', 'bytesOut', 'Bytes of record batches that clients were given, by topic.', 'BytesOutPerSec'],
      ['messagesin', 'recordsIn', 'Records that clients have appended, by topic.', 'MessagesInPerSec'],
    ] as const
  ).map(
    ([name, field, help, mbean]): MetricRow => ({
      name: `kafka_server_brokertopicmetrics_${name}_total`,
      type: 'counter',
      labels: ['topic'],
      help,
      mbean: `kafka.server:type=BrokerTopicMetrics,name=${mbean}`,
      *read({ broker }) {
        const sums = new Map<string, number>()
        for (const { topic, traffic } of broker.logs.logs()) sums.set(topic, (sums.get(topic) ?? 0) + traffic[field])
        for (const [topic, value] of sums) yield { labels: { topic }, value }
      },
    }),
  ),
  ...(
    [
      ['size', 'sizeInBytes', 'Bytes of the log, by partition.', 'Size'],
      ['numlogsegments', 'segmentCount', 'Segments of the log, by partition.', 'NumLogSegments'],
      ['logstartoffset', 'logStartOffset', 'The first offset that is there, by partition.', 'LogStartOffset'],
      ['logendoffset', 'logEndOffset', 'The offset that comes next, by partition.', 'LogEndOffset'],
    ] as const
  ).map(
    ([name, field, help, mbean]): MetricRow => ({
      name: `kafka_log_log_${name}`,
      type: 'gauge',
      labels: ['topic', 'partition'],
      help: `${help} Not of partitions that are offline.`,
      mbean: `kafka.log:type=Log,name=${mbean}`,
      *read({ broker }) {
        for (const log of broker.logs.logs()) {
          if (!log.isOffline) yield { labels: { topic: log.topic, partition: log.partition }, value: log[field] }
        }
      },
    }),
  ),
  {
    name: 'kafka_controller_kafkacontroller_offlinepartitionscount',
    type: 'gauge',
    labels: [],
    help: 'Partitions that are offline: /readyz says which and why.',
    mbean: 'kafka.controller:type=KafkaController,name=OfflinePartitionsCount',
    read: ({ broker }) => [{ value: [...broker.logs.logs()].filter(({ isOffline }) => isOffline).length }],
  },
  {
    name: 'kafka_controller_kafkacontroller_globaltopiccount',
    type: 'gauge',
    labels: [],
    help: 'Topics.',
    mbean: 'kafka.controller:type=KafkaController,name=GlobalTopicCount',
    read: ({ broker }) => [{ value: broker.metadata.topicCount }],
  },
  {
    name: 'kafka_log_logflushstats_logflush_seconds_total',
    type: 'counter',
    labels: [],
    help: 'Time of all flushes, each from its first write to the end of fdatasync; divided by their number, the mean.',
    mbean: 'kafka.log:type=LogFlushStats,name=LogFlushRateAndTimeMs',
    read: ({ broker }) => [{ value: broker.logs.flushStats.totalMs / 1000 }],
  },
  {
    name: 'kafka_log_logflushstats_logflush_total',
    type: 'counter',
    labels: [],
    help: 'Flushes of all logs; with --durability os, writes.',
    mbean: 'kafka.log:type=LogFlushStats,name=LogFlushRateAndTimeMs',
    read: ({ broker }) => [{ value: broker.logs.flushStats.rounds }],
  },
  {
    name: 'ottla_log_flushed_batches_total',
    type: 'counter',
    labels: [],
    help: 'Record batches that were flushed; divided by the number of flushes, the size of a group commit.',
    mbean: null,
    read: ({ broker }) => [{ value: broker.logs.flushStats.batches }],
  },
  {
    name: 'ottla_log_flushed_bytes_total',
    type: 'counter',
    labels: [],
    help: 'Bytes that were flushed.',
    mbean: null,
    read: ({ broker }) => [{ value: broker.logs.flushStats.bytes }],
  },
  {
    name: 'kafka_coordinator_group_groups',
    type: 'gauge',
    labels: ['protocol', 'state'],
    help: 'Consumer groups, by protocol and state.',
    mbean: 'kafka.server:type=group-coordinator-metrics,name=group-count',
    *read({ broker }) {
      const groups = broker.groups.shards.flatMap(({ entries }) => [...entries.values()].map(({ group }) => group))
      yield* counted(groups, ({ type, state }) => ({ protocol: type, state }))
    },
  },
  {
    name: 'kafka_consumergroup_lag',
    type: 'gauge',
    labels: ['consumergroup', 'topic', 'partition'],
    help: 'Records between the committed offset and the high watermark.',
    mbean: null,
    *read({ broker }) {
      for (const { entries } of broker.groups.shards) {
        for (const [consumergroup, { offsets }] of entries) {
          for (const { topic, partition, offset } of offsets.all()) {
            const log = broker.logs.get(topic, partition)
            // Of a topic that was deleted and made anew nothing is committed.
            if (log === undefined || log.isOffline || (offset.topicId ?? log.topicId) !== log.topicId) continue
            yield {
              labels: { consumergroup, topic, partition },
              value: Math.max(log.highWatermark - Number(offset.offset), 0),
            }
          }
        }
      }
    },
  },
  {
    name: 'ottla_transactions',
    type: 'gauge',
    labels: ['state'],
    help: 'Transactional ids, by the state of their transaction.',
    mbean: null,
    *read({ broker }) {
      const transactions = broker.transactions.shards.flatMap(shard => [...shard.transactions()])
      yield* counted(transactions, ({ state }) => ({ state }))
    },
  },
  ...([50, 99] as const).map(
    (percentile): MetricRow => ({
      name: `nodejs_eventloop_lag_p${percentile}_seconds`,
      type: 'gauge',
      labels: [],
      help: `The ${percentile}th percentile, since the start, of how late the event loop was.`,
      mbean: null,
      read: ({ eventLoopDelay }) =>
        Number(eventLoopDelay.count) === 0
          ? []
          : [{ value: eventLoopDelay.percentile(percentile) / nanosecondsPerSecond }],
    }),
  ),
  ...(
    [
      ['process_resident_memory_bytes', 'rss', 'Resident memory of the process.'],
      ['nodejs_heap_size_used_bytes', 'heapUsed', "Used of V8's heap."],
      ['nodejs_external_memory_bytes', 'external', "Memory outside of V8's heap: above all buffers."],
    ] as const
  ).map(
    ([name, field, help]): MetricRow => ({
      name,
      type: 'gauge',
      labels: [],
      help,
      mbean: null,
      read: () => [{ value: process.memoryUsage()[field] }],
    }),
  ),
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    labels: [],
    help: 'CPU time of the process, user and system.',
    mbean: null,
    read: () => [{ value: (process.cpuUsage().user + process.cpuUsage().system) / 1e6 }],
  },
]

function* counted<T>(things: readonly T[], labelsOf: (thing: T) => Record<string, string>): Iterable<Sample> {
  const samples = new Map<string, { labels: Record<string, string>; value: number }>()
  for (const thing of things) {
    const labels = labelsOf(thing)
    const key = Object.values(labels).join('/')
    const sample = samples.get(key)
    if (sample === undefined) samples.set(key, { labels, value: 1 })
    else sample.value++
  }
  yield* samples.values()
}
