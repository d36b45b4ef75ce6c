/** docs/compatibility.md: where answers differ from Apache Kafka's on purpose. The list is the one the harness judges by. */
import { knownDifferences } from './known-differences.ts'

export function compatibilityPage(): string {
  const list = knownDifferences.map(({ title, reason }) => `**${title}.** ${reason}`)
  return `# Where answers differ from Apache Kafka's

<!-- Written by \`npm run conformance -- --record\` from test/conformance/known-differences.ts: do not edit. -->

Ottla is compared with a real Apache Kafka 4.4, request by request ([support.md](support.md) says how much). What the two
make for themselves (ids of members, topics, producers and sessions; ports, times) differs by nature and is not compared by
value. All else is equal, except:

${list.map(item => `- ${item}`).join('\n')}

The comparison fails on a difference that is not in this list, and on an entry that no answer needs any more.
`
}
