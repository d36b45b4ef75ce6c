/**
 * Where Ottla answers differently from Apache Kafka on purpose, or because it can't be otherwise. docs/compatibility.md shows
 * this list to users. The harness fails on a difference that is not here, and on an entry that no difference needs any more.
 */
import type { Difference } from './difference.ts'
import type { Json } from './transcript.ts'

export interface KnownDifference {
  /** What a user would call it. */
  readonly title: string
  /** Why it is so: a sentence for docs/compatibility.md. */
  readonly reason: string
  readonly matches: (difference: Difference) => boolean
}

const isText = (value: Json | undefined): boolean => typeof value === 'string'
const isGeneral = (text: Json): boolean =>
  isText(text) && String(text).startsWith('This most likely occurs because of a request')
const isTorn = (batch: Json | undefined): boolean =>
  batch !== null && typeof batch === 'object' && 'noWholeBatch' in batch

const ownDefaults = [
  'group.consumer.assignment.interval.ms',
  'consumer.assignment.interval.ms',
  'group.initial.rebalance.delay.ms',
  'max.connections',
  'offsets.topic.num.partitions',
  'transaction.state.log.num.partitions',
  'queued.max.request.bytes',
  'socket.listen.backlog.size',
]

export const knownDifferences: readonly KnownDifference[] = [
  {
    title: 'ApiVersions lists fewer APIs',
    reason:
      'What is not served is not advertised; clients then do without it, or say so. docs/support.md lists what is served. Left out are security (SASL, ACLs, SCRAM users, delegation tokens) and quotas, share groups and streams groups, and what changes who is in a cluster, which one node has no use for (UnregisterBroker, AddRaftVoter, RemoveRaftVoter).',
    matches: ({ asked, path, ours }) =>
      asked.startsWith('ApiVersions ') && /^apiKeys\[apiKey=\d+\]$/.test(path) && ours === undefined,
  },
  {
    title: 'Clients push their metrics as totals, and need no plug-in for it',
    reason:
      'Apache Kafka takes metrics where a plug-in receives them, as changes since the last push; Ottla always takes them, keeps the last ones of each client itself, and asks for totals, so that a lost push loses nothing.',
    matches: ({ asked, path }) => asked.startsWith('GetTelemetrySubscriptions ') && path === 'deltaTemporality',
  },
  {
    title: 'Features that are not served are not named',
    reason: 'Share groups, streams groups and the rest come with their features.',
    matches: ({ asked, path, ours }) =>
      asked.startsWith('ApiVersions ') && /^(supported|finalized)Features(\[|$)/.test(path) && ours === undefined,
  },
  {
    title: 'A failure says why',
    reason: 'Where Apache Kafka sends no message with an error, or only a general one, Ottla says what was wrong.',
    matches: ({ path, kafka, ours }) =>
      /(^|\.)errorMessage$/.test(path) &&
      typeof ours === 'string' &&
      (kafka === undefined || kafka === null || isGeneral(kafka)),
  },
  {
    title: 'An error that fits, instead of UNKNOWN_SERVER_ERROR',
    reason:
      'Some wrong requests make Apache Kafka fail with an exception of its own; Ottla answers what is wrong with them.',
    matches: ({ path, kafka }) => /(^|\.)errorCode$/.test(path) && kafka === 'UNKNOWN_SERVER_ERROR',
  },
  {
    title: 'A Fetch answer holds whole batches only',
    reason: 'Apache Kafka fills an answer up to its limit with a piece of the next batch, which every client drops.',
    matches: ({ asked, path, kafka, ours }) =>
      asked.startsWith('Fetch ') && ours === undefined && /\.records\[\d+\]$/.test(path) && isTorn(kafka),
  },
  {
    title: 'A Fetch answer goes past the first marker of a transaction',
    reason:
      'Apache Kafka 4.4 ends some answers before the first marker of a partition and gives the rest with the next one; Ottla gives what there is, up to the limits.',
    matches: ({ scenario, asked, path, kafka, ours }) =>
      /transaction|committed/.test(scenario) &&
      asked.startsWith('Fetch ') &&
      /\.(records\[\d+\]|abortedTransactions(\[\d+\])?)$/.test(path) &&
      kafka === undefined &&
      ours !== undefined,
  },
  {
    title: "A batch's transactional id is checked each time",
    reason:
      'Apache Kafka asks for it with the first batch of a transaction in a partition only, and takes further ones under any; Ottla asks its coordinator each time, so that nothing gets behind the decision to end a transaction either.',
    matches: ({ scenario, path, kafka, ours }) =>
      /^Produce v\d+: in a transaction$/.test(scenario) &&
      path.endsWith('.errorCode') &&
      kafka === 'NONE' &&
      ours === 'INVALID_PRODUCER_ID_MAPPING',
  },
  {
    title: 'Torn batches are refused as CORRUPT_MESSAGE',
    reason:
      'Apache Kafka stores the whole batches of a record set that ends with a piece of one, and calls a lone piece INVALID_RECORD. Such bytes were damaged on their way, so Ottla stores nothing and lets the producer try again.',
    matches: ({ scenario, path, ours }) =>
      /^Produce v\d+: (torn|damaged) batches$/.test(scenario) &&
      path.endsWith('.errorCode') &&
      ours === 'CORRUPT_MESSAGE',
  },
  {
    title: 'Texts about damaged batches',
    reason: 'The same errors in other words: they name the bytes.',
    matches: ({ scenario, path, kafka, ours }) =>
      /^Produce v\d+: damaged batches$/.test(scenario) &&
      path.endsWith('.errorMessage') &&
      isText(kafka) &&
      isText(ours),
  },
  {
    title: 'The metadata quorum is one node, without a listener of its own',
    reason:
      'DescribeQuorum names the listener that the client uses, and an epoch that counts starts after a crash instead of elections.',
    matches: ({ asked, path }) =>
      asked.startsWith('DescribeQuorum ') && (path.startsWith('nodes[') || path.endsWith('.leaderEpoch')),
  },
  {
    title: 'min.insync.replicas is a default',
    reason:
      'A new Apache Kafka cluster sets it for all brokers when it is formatted, so it is shown as a dynamic setting; on one node it stays a default.',
    matches: ({ asked, path, kafka }) =>
      path.includes('configs[name=min.insync.replicas].') ||
      (asked.startsWith('AlterConfigs ') &&
        (String(kafka).startsWith('Cluster-level min.insync.replicas cannot be removed') ||
          (path.endsWith('resourceName=].errorCode') && kafka === 'INVALID_CONFIG'))),
  },
  {
    title: 'Fewer settings of the broker can be changed while it runs',
    reason:
      'DescribeConfigs names all of them; those that have no effect here say so in their documentation, and are read-only like those that need a restart.',
    matches: ({ asked, path, ours }) =>
      asked.startsWith('DescribeConfigs ') && /\.configs\[name=[^\]]+\]\.readOnly$/.test(path) && ours === true,
  },
  {
    title: 'Defaults for one node',
    reason:
      'Where a default of Apache Kafka waits for a fleet of clients, assumes a cluster or has no limit, Ottla has its own.',
    matches: ({ path }) =>
      ownDefaults.some(
        name => path.includes(`.configs[name=${name}].synonyms`) || path.endsWith(`.configs[name=${name}].value`),
      ),
  },
  {
    title: 'Settings that have no effect can not be set',
    reason:
      'Of share groups, streams groups and thread pools, for instance: who sets one should hear that nothing changes.',
    matches: ({ scenario, path, kafka }) =>
      scenario.endsWith(': settings that have no effect here') && path.endsWith('.errorCode') && kafka === 'NONE',
  },
  {
    title: 'node.id has a default',
    reason: 'A single node need not be numbered.',
    matches: ({ path }) => path.includes('configs[name=node.id].synonyms'),
  },
  {
    title: 'A broker setting that nobody knows is refused',
    reason: 'Apache Kafka stores it, since a plug-in might read it. Here it can only be a mistake.',
    matches: ({ asked, path, request, kafka }) =>
      asked.startsWith('IncrementalAlterConfigs ') &&
      path.endsWith('.errorCode') &&
      kafka === 'NONE' &&
      JSON.stringify(request).includes('no.such.setting'),
  },
]

export interface Judged {
  readonly unlisted: Difference[]
  /** Titles with how many differences each explains. */
  readonly listed: Map<string, number>
  /** Titles that explain nothing: to be removed. */
  readonly obsolete: string[]
}

export function judge(differences: readonly Difference[]): Judged {
  const listed = new Map<string, number>()
  const unlisted = differences.filter(difference => {
    const known = knownDifferences.find(({ matches }) => matches(difference))
    if (known !== undefined) listed.set(known.title, (listed.get(known.title) ?? 0) + 1)
    return known === undefined
  })
  const obsolete = knownDifferences.map(({ title }) => title).filter(title => !listed.has(title))
  return { unlisted, listed, obsolete }
}
