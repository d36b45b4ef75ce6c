/**
 * Apache Kafka's own jars, and those of its MirrorMaker, fetched once by Maven (130 MB, about a minute) into a cache directory that
 * outlives checkouts. Nothing of it is needed to run Ottla: it is the judge in tests and the measure in the bench, so whoever has
 * no Java skips those.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDirectory } from '../support/cache-directory.ts'

export type Installation = { classPath: string; log4jConfig: string }

export interface JavaProgram {
  /** Prepares it. Answers why it can't be used on this machine, in words for a test's `skip`, or false when all is there. */
  whyNot(): Promise<string | false>
  /** Where the jars are; rejects when `whyNot` would have given a reason. */
  installation(): Promise<Installation>
}

export const APACHE_KAFKA_VERSION = '4.4.0'
const JAVA_NEEDED = 17

const kafka = javaProgram({
  name: 'Apache Kafka',
  directory: `apache-kafka-${APACHE_KAFKA_VERSION}`,
  pom: join(import.meta.dirname, 'pom.xml'),
})

/** `test(name, { skip: await whyNoApacheKafka() }, …)` */
export const whyNoApacheKafka = kafka.whyNot
export const apacheKafka = kafka.installation

/** A program that Maven knows, with all that it needs; its pom.xml says which versions. */
export function javaProgram(program: { name: string; directory: string; pom: string }): JavaProgram {
  const home = join(cacheDirectory(), program.directory)
  const isInstalled = () => existsSync(join(home, 'libs'))
  const whyNot = async (): Promise<string | false> => {
    const java = javaVersion()
    if (java === undefined) return `Java is not installed (${program.name} needs Java ${JAVA_NEEDED})`
    if (java < JAVA_NEEDED) return `Java ${java} is too old (${program.name} needs Java ${JAVA_NEEDED})`
    if (isInstalled()) return false
    if (spawnSync('mvn', ['--version']).status !== 0) return `Maven is not installed (it fetches ${program.name})`
    try {
      await install({ ...program, home, isInstalled })
      return false
    } catch (error) {
      return `${program.name} could not be fetched: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}`
    }
  }
  return {
    whyNot,
    async installation() {
      const reason = await whyNot()
      if (reason !== false) throw new Error(reason)
      return { classPath: join(home, 'libs', '*'), log4jConfig: join(home, 'log4j2.properties') }
    },
  }
}

/** The major version of the `java` on the PATH, or undefined if there is none. */
export function javaVersion(): number | undefined {
  const { status, stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const version = status === 0 ? /version "(\d+)/.exec(stderr)?.[1] : undefined
  return version === undefined ? undefined : Number(version)
}

interface InstallOptions {
  readonly name: string
  readonly pom: string
  readonly home: string
  readonly isInstalled: () => boolean
}

/** Fetches beside the final place and renames as the last act: what is there is whole, also when two processes fetch. */
async function install({ name, pom, home, isInstalled }: InstallOptions): Promise<void> {
  await mkdir(join(home, '..'), { recursive: true })
  const scratch = await mkdtemp(`${home}.part-`)
  try {
    process.stderr.write(`Fetching ${name} with Maven (once) …\n`)
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${join(scratch, 'libs')}`]
    await promisify(execFile)('mvn', ['-q', '-B', '-f', pom, ...goal])
    await writeFile(join(scratch, 'log4j2.properties'), LOG4J)
    await rename(scratch, home).catch((error: NodeJS.ErrnoException) => {
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
