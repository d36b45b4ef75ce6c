/**
 * `npm run conformance`: the same requests to a real Apache Kafka and to Ottla, and what differs in their answers.
 *
 *   npm run conformance                      compare; ends with the support table
 *   npm run conformance -- --record          and keep Apache Kafka's answers, docs/support.md and docs/compatibility.md
 *   npm run conformance -- fetch produce     only scenarios whose name contains one of these words
 *   npm run conformance -- --random 200      random sequences of requests instead, shrunk where answers differ
 *   npm run conformance -- --random 200 --seed 7
 *   npm run conformance -- --kafka PORT      with a broker that runs already, instead of one of its own
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compileJava } from '../apache-kafka/java-classes.ts'
import { startApacheKafka } from '../apache-kafka/server.ts'
import { startOttlaProcess } from '../support/ottla-process.ts'
import { compatibilityPage } from './compatibility-page.ts'
import { compareTranscripts, type Difference } from './difference.ts'
import { judge } from './known-differences.ts'
import { tryRandomSequences } from './random.ts'
import { type Transcripts, writeRecordings } from './recordings.ts'
import { describeDifferences } from './report.ts'
import { runScenarios, settings } from './run.ts'
import { allScenarios } from './scenarios/index.ts'
import { supportPage, supportTable } from './support-table.ts'

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    record: { type: 'boolean', default: false },
    random: { type: 'string' },
    seed: { type: 'string' },
    kafka: { type: 'string' },
  },
})
const scenarios = allScenarios.filter(({ name }) =>
  words.length === 0 ? true : words.some(word => name.toLowerCase().includes(word.toLowerCase())),
)

if (options.record && (words.length > 0 || options.kafka !== undefined)) {
  console.error('--record takes all scenarios, with a new Apache Kafka: leave out words and --kafka')
  process.exit(2)
}

const kafka = await (options.kafka === undefined
  ? startKafkaToCompareWith()
  : { port: Number(options.kafka), close: async () => undefined })
try {
  const ottla = await startOttlaProcess({ settings, durability: 'os' })
  try {
    if (options.random === undefined) await compareScenarios(kafka.port, ottla.port)
    else await compareRandom(kafka.port, ottla.port, Number(options.random))
  } finally {
    await ottla.close()
  }
} finally {
  await kafka.close()
}

async function startKafkaToCompareWith(): Promise<{ port: number; close: () => Promise<void> }> {
  const receiver = await compileJava(join(import.meta.dirname, '..', 'apache-kafka', 'TelemetryReceiver.java'))
  try {
    const { port, close } = await startApacheKafka({
      settings: { ...settings, 'metric.reporters': 'TelemetryReceiver' },
      classPath: [receiver.directory],
    })
    return { port, close: () => close().finally(receiver.remove) }
  } catch (error) {
    await receiver.remove()
    throw error
  }
}

async function compareScenarios(kafkaPort: number, ottlaPort: number): Promise<void> {
  // A broker that ran before knows the names of its last run.
  const salt = options.kafka === undefined ? {} : { salt: String(Date.now()) }
  const run = async (broker: string, port: number) => {
    const startedAt = performance.now()
    const result = await runScenarios(scenarios, { port, concurrency: 4, ...salt })
    console.log(`${broker}: ${scenarios.length} scenarios in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`)
    return result
  }
  const ours = await run('Ottla', ottlaPort)
  const kafkas = await run('Apache Kafka', kafkaPort)
  for (const [broker, { failures }] of Object.entries({ 'Apache Kafka': kafkas, Ottla: ours })) {
    for (const [name, error] of failures)
      console.log(`✗ ${name}\n    could not be played with ${broker}: ${error.stack}`)
  }
  const differences = scenarios.flatMap(({ name }): Difference[] =>
    compareTranscripts(name, kafkas.transcripts.get(name)!, ours.transcripts.get(name)!),
  )
  const { unlisted, listed, obsolete } = judge(differences)
  if (unlisted.length > 0) console.log(describeDifferences(unlisted))
  for (const [title, count] of listed) console.log(`known: ${title} (${count})`)
  if (words.length === 0) for (const title of obsolete) console.log(`no longer so, remove it from the list: ${title}`)
  const exchanges = scenarios.reduce((sum, { name }) => sum + kafkas.transcripts.get(name)!.length, 0)
  console.log(`${scenarios.length} scenarios, ${exchanges} answers compared, ${unlisted.length} differences not listed`)
  if (words.length === 0) {
    const table = supportTable(allScenarios, kafkas.transcripts)
    console.log(`\n${table}`)
    if (options.record) await record(kafkas.transcripts, table)
  }
  const isGood = unlisted.length === 0 && kafkas.failures.size === 0 && ours.failures.size === 0
  process.exitCode = isGood && (words.length > 0 || obsolete.length === 0) ? 0 : 1
}

async function compareRandom(kafkaPort: number, ottlaPort: number, runs: number): Promise<void> {
  const seed = options.seed === undefined ? Date.now() % 1_000_000 : Number(options.seed)
  const found = await tryRandomSequences({ kafkaPort, ottlaPort, runs, seed })
  console.log(found ?? `${runs} random sequences (seed ${seed}): all answers equal`)
  process.exitCode = found === undefined ? 0 : 1
}

async function record(transcripts: Transcripts, table: string): Promise<void> {
  const docs = join(import.meta.dirname, '..', '..', 'docs')
  await writeRecordings(allScenarios, transcripts)
  await writeFile(join(docs, 'support.md'), supportPage(table))
  await writeFile(join(docs, 'compatibility.md'), compatibilityPage())
}
