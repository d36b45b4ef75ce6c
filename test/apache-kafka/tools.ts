/**
 * Apache Kafka's own command-line and performance tools, run against any broker: the most literal reading of the protocol
 * there is. Each call starts a JVM (about a second); it must never change what the tool sends.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { apacheKafka } from './installation.ts'

/** Classes of the tools, by the names of the scripts that Apache Kafka wraps around them. */
const toolClasses = {
  'client-metrics': 'org.apache.kafka.tools.ClientMetricsCommand',
  cluster: 'org.apache.kafka.tools.ClusterTool',
  configs: 'org.apache.kafka.tools.ConfigCommand',
  'console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'consumer-perf-test': 'org.apache.kafka.tools.ConsumerPerformance',
  'delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'dump-log': 'org.apache.kafka.tools.DumpLogSegments',
  'broker-api-versions': 'org.apache.kafka.tools.BrokerApiVersionsCommand',
  'e2e-latency': 'org.apache.kafka.tools.EndToEndLatency',
  features: 'org.apache.kafka.tools.FeatureCommand',
  'get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  groups: 'org.apache.kafka.tools.GroupsCommand',
  'leader-election': 'org.apache.kafka.tools.LeaderElectionCommand',
  'log-dirs': 'org.apache.kafka.tools.LogDirsCommand',
  'metadata-quorum': 'org.apache.kafka.tools.MetadataQuorumCommand',
  'producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  'reassign-partitions': 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
  'server-start': 'kafka.Kafka',
  storage: 'kafka.tools.StorageTool',
  topics: 'org.apache.kafka.tools.TopicCommand',
  transactions: 'org.apache.kafka.tools.TransactionsCommand',
  'transactional-message-copier': 'org.apache.kafka.tools.TransactionalMessageCopier',
  'verifiable-consumer': 'org.apache.kafka.tools.VerifiableConsumer',
  'verifiable-producer': 'org.apache.kafka.tools.VerifiableProducer',
} as const

export type ToolName = keyof typeof toolClasses
export type ToolOptions = {
  /** Written to the tool's standard input, which is then closed. */
  input?: string
  /** Options of the JVM; the default starts fast, which suits a command that runs for a second. */
  jvm?: string[]
  timeoutMs?: number
}
export type ToolResult = { status: number | null; stdout: string; stderr: string }

const FAST_START = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']

export const toolNames = Object.keys(toolClasses) as ToolName[]

/** Starts a tool and answers its process; the caller ends it. */
export async function startTool(
  tool: ToolName,
  args: string[],
  { jvm = FAST_START }: Pick<ToolOptions, 'jvm'> = {},
): Promise<ChildProcessByStdio<Writable, Readable, Readable>> {
  const { classPath, log4jConfig } = await apacheKafka()
  return spawn(
    'java',
    [
      ...jvm,
      '-Djava.awt.headless=true',
      `-Dlog4j2.configurationFile=${log4jConfig}`,
      '-cp',
      classPath,
      toolClasses[tool],
      ...args,
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
}

/** Runs a tool to its end and answers what it said, whatever its exit status; a tool that takes too long is killed. */
export async function tryTool(tool: ToolName, args: string[], options: ToolOptions = {}): Promise<ToolResult> {
  const { input, timeoutMs = 60_000 } = options
  const child = await startTool(tool, args, options)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  child.stdin.on('error', error => {
    stderr += `standard input: ${error.message}\n` // the tool left without reading all of it
  })
  child.stdin.end(input ?? '')
  const timer = setTimeout(() => {
    stderr += `killed after ${timeoutMs} ms\n`
    child.kill('SIGKILL')
  }, timeoutMs)
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(timer)
  return { status, stdout, stderr }
}

/** Runs a tool and answers its standard output; throws with all it said when its exit status is not 0. */
export async function runTool(tool: ToolName, args: string[], options: ToolOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await tryTool(tool, args, options)
  if (status === 0) return stdout
  throw new Error(`${tool} ${args.join(' ')}: exit status ${status}\n${stdout}\n${stderr}`)
}
