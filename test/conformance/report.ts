/** Differences in words. */
import type { Difference } from './difference.ts'
import type { Json } from './transcript.ts'

const LONGEST = 400

/** All that differs in one answer stands together, and what differs in the same way in several versions is told once. */
export function describeDifferences(differences: readonly Difference[]): string {
  const answers = Map.groupBy(differences, ({ scenario, index }) => `${scenario} [${index}]`)
  const told = new Map<string, { first: Difference; lines: string; scenarios: string[] }>()
  for (const inAnswer of answers.values()) {
    const first = inAnswer[0]!
    const lines = inAnswer.map(describeField).join('\n')
    const key = `${first.scenario.replace(/ v\d+:/, ':')} [${first.index}] ${lines}`
    const group = told.get(key) ?? { first, lines, scenarios: [] }
    group.scenarios.push(first.scenario.split(':')[0]!)
    told.set(key, group)
  }
  return [...told.values()]
    .map(({ first: { scenario, index, asked, request }, lines, scenarios }) => {
      const others = scenarios.slice(1).map(name => name.split(' ')[1])
      const versions = others.length === 0 ? '' : `, so too in ${others.join(', ')}`
      return `✗ ${scenario} [${index}]${versions}\n    ${asked} ${brief(request)}\n${lines}`
    })
    .join('\n')
}

function describeField({ path, kafka, ours }: Difference): string {
  const place = path === '' ? 'the answer' : path
  return `    ${place}\n      Apache Kafka  ${brief(kafka)}\n      Ottla         ${brief(ours)}`
}

function brief(value: Json | undefined): string {
  if (value === undefined) return '(not there)'
  const text = JSON.stringify(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text
}
