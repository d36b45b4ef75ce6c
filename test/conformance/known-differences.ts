/**
 * Where Ottla answers differently from Apache Kafka on purpose, or because it can't be otherwise. docs/compatibility.md shows
 * this list to users. The harness fails on a difference that is not here, and on an entry that no difference needs any more.
 */
import type { Difference } from './difference.ts'

export interface KnownDifference {
  /** What a user would call it. */
  readonly title: string
  /** Why it is so: a sentence for docs/compatibility.md. */
  readonly reason: string
  readonly matches: (difference: Difference) => boolean
}

export const knownDifferences: readonly KnownDifference[] = [
  {
    title: 'ApiVersions lists fewer APIs',
    reason: 'What is not served is not advertised; clients then do without it, or say so. docs/support.md lists what is served.',
    matches: ({ asked, path, ours }) =>
      asked.startsWith('ApiVersions ') && /^apiKeys\[apiKey=\d+\]$/.test(path) && ours === undefined,
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
