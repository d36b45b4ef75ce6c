/** Differences in words. */
import type { Difference } from './difference.ts'
import type { Json } from './transcript.ts'

const LONGEST = 400

/** The same difference in several versions is told once. */
export function describeDifferences(differences: readonly Difference[]): string {
  const groups = new Map<string, { first: Difference; scenarios: Set<string> }>()
  for (const difference of differences) {
    const { scenario, index, path, kafka, ours } = difference
    const key = JSON.stringify([scenario.replace(/ v\d+:/, ':'), index, path, kafka, ours])
    const group = groups.get(key) ?? { first: difference, scenarios: new Set() }
    group.scenarios.add(scenario.split(':')[0]!)
    groups.set(key, group)
  }
  return [...groups.values()]
    .map(({ first, scenarios }) => {
      const others = [...scenarios].slice(1)
      return `${describeDifference(first)}${others.length === 0 ? '' : `\n    so too: ${others.join(', ')}`}`
    })
    .join('\n')
}

function describeDifference({ scenario, index, asked, request, path, kafka, ours }: Difference): string {
  return [
    `✗ ${scenario} [${index}]`,
    `    ${asked} ${brief(request)}`,
    `    ${path === '' ? 'the answer' : path}`,
    `      Apache Kafka  ${brief(kafka)}`,
    `      Ottla         ${brief(ours)}`,
  ].join('\n')
}

function brief(value: Json | undefined): string {
  if (value === undefined) return '(not there)'
  const text = JSON.stringify(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text
}
