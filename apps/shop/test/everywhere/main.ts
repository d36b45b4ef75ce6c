/**
 * The shop's whole-system tests again, elsewhere: `npm run everywhere -w apps/shop -- postgres kafka sqlite`.
 *
 *   sqlite     on our broker, SQLite files (what `npm test` does)
 *   postgres   on our broker, PostgreSQL: Debian's, installed if it is missing
 *   kafka      on a real Apache Kafka, SQLite files (needs Java 17; see test/apache-kafka)
 */
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from './postgres.ts'

type Place = { env: Record<string, string>; stop: () => Promise<void> }

const root = join(import.meta.dirname, '../../../..')
const places: Record<string, () => Promise<Place>> = {
  sqlite: async () => ({ env: {}, stop: async () => undefined }),
  postgres: async () => {
    const { url, stop } = await startPostgres()
    return { env: { DATABASE_URL: url, TEST_DATABASE_URL: url }, stop }
  },
  kafka: startKafka,
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !(name in places))
if (wanted.length === 0 || unknown.length > 0) {
  process.stderr.write(`Say where, of: ${Object.keys(places).join(', ')}\n`)
  process.exit(2)
}
let failed = 0
for (const name of wanted) {
  const place = await places[name]!()
  try {
    for (const file of filesFor(place)) if (!(await run(name, file, place.env))) failed += 1
  } finally {
    await place.stop()
  }
}
process.stdout.write(failed === 0 ? 'All files passed\n' : `${failed} files failed\n`)
process.exitCode = failed === 0 ? 0 : 1

/** The parts of the kit speak to the database too. */
function filesFor({ env }: Place): string[] {
  const system = globSync('apps/shop/test/*.test.ts', { cwd: root })
  const parts =
    'DATABASE_URL' in env ? globSync('apps/shop/src/{kit,order,payment,inventory}/*.test.ts', { cwd: root }) : []
  return [...parts.sort(), ...system.sort()]
}

/** @returns whether it passed; its output is shown as it comes */
function run(name: string, file: string, env: Record<string, string>): Promise<boolean> {
  process.stdout.write(`\n${name}: ${file}\n`)
  const child = spawn(process.execPath, ['--test', file], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return new Promise(resolve => child.once('exit', code => resolve(code === 0)))
}

/** As anyone would start it: the command of the repository. */
async function startKafka(): Promise<Place> {
  const child = spawn(process.execPath, [join(root, 'test/apache-kafka/main.ts'), 'server'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const address = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const [, found] = /Apache Kafka is ready at (?:kafka:\/\/)?(\S+)/.exec(output) ?? []
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => reject(new Error(`Apache Kafka did not start: ${output}`)))
  })
  const stop = async () => {
    child.kill('SIGTERM')
    await gone
  }
  return { env: { KAFKA_BROKERS: address }, stop }
}
