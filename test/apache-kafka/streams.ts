/**
 * Kafka Streams for tests: its jars beside Apache Kafka's own, fetched once by Maven (75 MB, most of it RocksDB), and programs of ours
 * that run on it.
 */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { cacheDirectory } from '../support/cache-directory.ts'
import { APACHE_KAFKA_VERSION, apacheKafka, whyNoApacheKafka } from './installation.ts'

const target = join(cacheDirectory(), `kafka-streams-${APACHE_KAFKA_VERSION}`)

/** Why Kafka Streams can't be used on this machine, in words for a test's `skip`, or false when all is there. */
export async function whyNoKafkaStreams(): Promise<string | false> {
  const reason = await whyNoApacheKafka()
  if (reason !== false || existsSync(target)) return reason
  try {
    await install()
    return false
  } catch (error) {
    return `Kafka Streams could not be fetched: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}`
  }
}

/** Starts a program (one Java source file) on Kafka Streams; the caller ends it. */
export async function startStreamsProgram(
  source: string,
  args: readonly string[],
): Promise<ChildProcessByStdio<null, Readable, Readable>> {
  const { classPath, log4jConfig } = await apacheKafka()
  const jvm = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Dlog4j2.configurationFile=${log4jConfig}`]
  return spawn('java', [...jvm, '-cp', [classPath, join(target, '*')].join(delimiter), source, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Beside the final place first, and renamed as the last act: what is there is whole. */
async function install(): Promise<void> {
  const scratch = await mkdtemp(`${target}.part-`)
  try {
    process.stderr.write(`Fetching Kafka Streams ${APACHE_KAFKA_VERSION} with Maven (75 MB, once) …\n`)
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${scratch}`]
    const only = '-DincludeArtifactIds=kafka-streams,rocksdbjni'
    const pom = join(import.meta.dirname, 'streams-pom.xml')
    await promisify(execFile)('mvn', ['-q', '-B', '-f', pom, ...goal, only])
    await rename(scratch, target).catch(error => {
      if (!existsSync(target)) throw error // another process may have been first
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
