/**
 * docs/support.md: each API that Ottla serves, in which versions, and how much of it was compared with Apache Kafka. A
 * version that is served and was never compared makes this throw: where the table says yes, it is because it ran.
 */
import { apiTable } from '@ottla/broker'
import { type AnyApi, apis } from '@ottla/protocol'
import type { Transcripts } from './recordings.ts'
import type { Scenario } from './scenario.ts'

interface Compared {
  readonly scenarios: Set<string>
  readonly versions: Set<number>
  answers: number
}

/** Throws where the table of the broker promises what no scenario asks for. */
export function supportTable(scenarios: readonly Scenario[], transcripts: Transcripts): string {
  const compared = countCompared(scenarios, transcripts)
  const rows = [...apiTable]
    .sort((a, b) => a.key - b.key)
    .map(({ key, name, lowestVersion, highestVersion }) => {
      const { scenarios, versions, answers } = compared.get(name) ?? {
        scenarios: new Set(),
        versions: new Set(),
        answers: 0,
      }
      for (let version = lowestVersion; version <= highestVersion; version++) {
        if (!versions.has(version)) throw new Error(`${name} v${version} is served, but no scenario asks for it`)
      }
      const kafka = kafkaVersions(apis.get(key)!)
      return [String(key), name, kafka, `${lowestVersion}-${highestVersion}`, String(scenarios.size), String(answers)]
    })
  return formatTable([['key', 'API', 'Apache Kafka 4.4', 'Ottla', 'scenarios', 'answers compared'], ...rows])
}

export function supportPage(table: string): string {
  return `# What is served

<!-- Written by \`npm run conformance -- --record\`: do not edit. -->

Each API that Ottla answers, with the versions that Apache Kafka 4.4 and Ottla serve. \`npm run conformance\` sends the same
requests to both and compares the decoded answers field by field; the two last columns count what was compared. Where the
answers differ on purpose, [compatibility.md](compatibility.md) says how and why. Other APIs are not advertised, so clients
do without them or say that they can't.

${table}
`
}

/** An API is compared by every exchange that asks for it, whichever API the scenario is about. */
function countCompared(scenarios: readonly Scenario[], transcripts: Transcripts): Map<string, Compared> {
  const compared = new Map<string, Compared>()
  for (const { name } of scenarios) {
    for (const { asked } of transcripts.get(name) ?? []) {
      const match = /^(\w+) v(\d+)$/.exec(asked)
      if (match === null) continue
      const [, api, version] = match as unknown as [string, string, string]
      const count = compared.get(api) ?? { scenarios: new Set(), versions: new Set(), answers: 0 }
      count.scenarios.add(name)
      count.versions.add(Number(version))
      count.answers++
      compared.set(api, count)
    }
  }
  return compared
}

function kafkaVersions({ versions }: AnyApi): string {
  return `${versions.lowest}-${versions.highestStable}`
}

function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  const lines = rows.map(row => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`)
  return [lines[0], `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`, ...lines.slice(1)].join('\n')
}
