/**
 * MirrorMaker 2 in its dedicated mode: it copies topics, their settings and the offsets of groups between two clusters, as users do
 * who grow from one to the other, with the configuration that docs/grow-to-a-cluster.md shows.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { javaProgram } from '../apache-kafka/installation.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const PAGE = join(import.meta.dirname, '../../docs/grow-to-a-cluster.md')

export const mirrorMaker = javaProgram({
  name: 'MirrorMaker 2',
  directory: 'mirror-maker-4.3.1',
  pom: join(import.meta.dirname, 'pom.xml'),
})

export interface Flow {
  readonly from: string
  readonly to: string
  readonly topics: string
  readonly groups: string
}

export interface MirrorMaker {
  /** What it has said last. */
  readonly log: string
  readonly hasEnded: boolean
  close(): Promise<void>
}

/** @param addresses of the clusters, by the names that flows use */
export async function startMirrorMaker(
  addresses: Readonly<Record<string, string>>,
  flows: readonly Flow[],
): Promise<MirrorMaker> {
  const { classPath, log4jConfig } = await mirrorMaker.installation()
  const directory = await temporaryDirectory('mirror-maker')
  const properties = join(directory.path, 'mm2.properties')
  await writeFile(properties, await propertiesOf(addresses, flows))
  const child = spawn(
    'java',
    [
      '-Xmx512m',
      '-XX:+UseSerialGC',
      `-Dlog4j2.configurationFile=${log4jConfig}`,
      '-cp',
      classPath,
      'org.apache.kafka.connect.mirror.MirrorMaker',
      properties,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      log = (log + text).slice(-20_000)
    })
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  return {
    get log() {
      return log
    },
    get hasEnded() {
      return hasEnded()
    },
    async close() {
      if (!hasEnded()) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await directory.remove()
    },
  }
}

/** The page's own lines first: a later line wins over an earlier one of the same name. */
async function propertiesOf(addresses: Readonly<Record<string, string>>, flows: readonly Flow[]): Promise<string> {
  const page = await readFile(PAGE, 'utf8')
  const documented = /```properties\n(?<lines>.*?)```/s.exec(page)?.groups?.lines
  if (documented === undefined) throw new Error(`${PAGE} has no \`\`\`properties block any more`)
  const lines: Record<string, string | number | boolean> = { ...FOR_A_TEST }
  for (const [name, address] of Object.entries(addresses)) lines[`${name}.bootstrap.servers`] = address
  for (const { from, to, topics, groups } of flows) {
    lines[`${from}->${to}.enabled`] = true
    lines[`${from}->${to}.topics`] = topics
    lines[`${from}->${to}.groups`] = groups
  }
  const own = Object.entries(lines).map(([name, value]) => `${name} = ${value}\n`)
  return `${documented}\n${own.join('')}`
}

/** One broker holds no three replicas, and a test waits for each interval. */
const FOR_A_TEST = {
  'replication.factor': 1,
  'offset-syncs.topic.replication.factor': 1,
  'checkpoints.topic.replication.factor': 1,
  'config.storage.replication.factor': 1,
  'offset.storage.replication.factor': 1,
  'status.storage.replication.factor': 1,
  'refresh.topics.interval.seconds': 1,
  'refresh.groups.interval.seconds': 1,
  'sync.topic.configs.interval.seconds': 1,
  'emit.checkpoints.interval.seconds': 1,
  'sync.group.offsets.interval.seconds': 1,
  'offset.flush.interval.ms': 1_000,
}
