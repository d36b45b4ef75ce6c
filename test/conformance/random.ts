/** Random sequences of requests to both brokers; a sequence whose answers differ is shrunk to the shortest that still does. */
import fc from 'fast-check'
import { compareTranscripts } from './difference.ts'
import { judge } from './known-differences.ts'
import { describeDifferences } from './report.ts'
import { runScenarios } from './run.ts'
import { anySequence, asScenario } from './scenarios/generated.ts'

export interface RandomOptions {
  readonly kafkaPort: number
  readonly ottlaPort: number
  readonly runs: number
  /** Gives the same sequences again. */
  readonly seed: number
}

/** Resolves to what was found, in words; undefined where all answers were equal. */
export async function tryRandomSequences({
  kafkaPort,
  ottlaPort,
  runs,
  seed,
}: RandomOptions): Promise<string | undefined> {
  let count = 0
  let found = ''
  const property = fc.asyncProperty(anySequence, async steps => {
    // Both brokers remember what earlier sequences made, so each one has names of its own.
    const scenario = asScenario(`seed ${seed}, sequence ${count}`, steps)
    const salt = `${Date.now()} ${count++}`
    const [kafkas, ours] = await Promise.all(
      [kafkaPort, ottlaPort].map(port => runScenarios([scenario], { port, concurrency: 1, salt })),
    )
    for (const { failures } of [kafkas!, ours!]) for (const error of failures.values()) throw error
    const { name } = scenario
    const differences = compareTranscripts(name, kafkas!.transcripts.get(name)!, ours!.transcripts.get(name)!)
    const { unlisted } = judge(differences)
    if (unlisted.length > 0) found = describeDifferences(unlisted)
    return unlisted.length === 0
  })
  const result = await fc.check(property, { numRuns: runs, seed, endOnFailure: false })
  if (!result.failed) return undefined
  const steps = result.counterexample?.[0].map(step => `  ${JSON.stringify(step)}`).join('\n')
  const reason = found === '' && result.errorInstance instanceof Error ? result.errorInstance.stack : found
  return `${reason}\nThe shortest sequence that shows it (seed ${seed}):\n${steps}`
}
