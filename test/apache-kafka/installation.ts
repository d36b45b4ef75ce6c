/**
 * Apache Kafka's own jars, fetched once by Maven (130 MB, about a minute) into a cache directory that outlives checkouts:
 * `$OTTLA_CACHE`, else `~/.cache/ottla`. Nothing of it is needed to run Ottla: it is the judge in tests and the
 * measure in the bench, so whoever has no Java skips those.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDirectory } from '../support/cache-directory.ts'

export const APACHE_KAFKA_VERSION = '4.4.0'
const JAVA_NEEDED = 17

export type Installation = { classPath: string; log4jConfig: string }

/**
 * Prepares Apache Kafka. Answers why it can't be used on this machine, in words for a test's `skip`, or false when all
 * is there: `test(name, { skip: await whyNoApacheKafka() }, …)`.
 */
export async function whyNoApacheKafka(): Promise<string | false> {
  const java = javaVersion()
  if (java === undefined) return `Java is not installed (Apache Kafka's tools need Java ${JAVA_NEEDED})`
  if (java < JAVA_NEEDED) return `Java ${java} is too old (Apache Kafka's tools need Java ${JAVA_NEEDED})`
  if (isInstalled()) return false
  if (spawnSync('mvn', ['--version']).status !== 0) return 'Maven is not installed (it fetches Apache Kafka)'
  try {
    await install()
    return false
  } catch (error) {
    return `Apache Kafka could not be fetched: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}`
  }
}

/** Answers where the jars are; throws when `whyNoApacheKafka` would have given a reason. */
export async function apacheKafka(): Promise<Installation> {
  const reason = await whyNoApacheKafka()
  if (reason !== false) throw new Error(reason)
  return { classPath: join(home(), 'libs', '*'), log4jConfig: join(home(), 'log4j2.properties') }
}

/** The major version of the `java` on the PATH, or undefined if there is none. */
export function javaVersion(): number | undefined {
  const { status, stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const version = status === 0 ? /version "(\d+)/.exec(stderr)?.[1] : undefined
  return version === undefined ? undefined : Number(version)
}

function home(): string {
  return join(cacheDirectory(), `apache-kafka-${APACHE_KAFKA_VERSION}`)
}

function isInstalled(): boolean {
  return existsSync(join(home(), 'libs'))
}

/** Fetches beside the final place and renames as the last act: what is there is whole, also when two processes fetch. */
async function install(): Promise<void> {
  const target = home()
  await mkdir(join(target, '..'), { recursive: true })
  const scratch = await mkdtemp(`${target}.part-`)
  try {
    process.stderr.write(`Fetching Apache Kafka ${APACHE_KAFKA_VERSION} with Maven (130 MB, once) …\n`)
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${join(scratch, 'libs')}`]
    await promisify(execFile)('mvn', ['-q', '-B', '-f', join(import.meta.dirname, 'pom.xml'), ...goal])
    await writeFile(join(scratch, 'log4j2.properties'), LOG4J)
    await rename(scratch, target).catch((error: NodeJS.ErrnoException) => {
      if (!isInstalled()) throw error // another process may have been first
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const LOG4J = `rootLogger.level=WARN
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.target=SYSTEM_ERR
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %c %m%n
`
