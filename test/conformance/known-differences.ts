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

export const knownDifferences: readonly KnownDifference[] = [
  {
    title: 'ApiVersions lists fewer APIs',
    reason:
      'What is not served is not advertised; clients then do without it, or say so. docs/support.md lists what is served.',
    matches: ({ asked, path, ours }) =>
      asked.startsWith('ApiVersions ') && /^apiKeys\[apiKey=\d+\]$/.test(path) && ours === undefined,
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
    title: 'min.insync.replicas is a default',
    reason:
      'A new Apache Kafka cluster sets it for all brokers when it is formatted, so it is shown as a dynamic setting; on one node it stays a default.',
    matches: ({ path }) => path.includes('configs[name=min.insync.replicas].'),
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
