/**
 * Apache Kafka by hand:
 *
 *   node test/apache-kafka/main.ts server [PORT [DIR]]      a single-node broker in the foreground, until Ctrl-C
 *   node test/apache-kafka/main.ts topics --bootstrap-server 127.0.0.1:9092 --list
 *   node test/apache-kafka/main.ts TOOL ARGS …              one of its tools
 */
import { apacheKafka } from './installation.ts'
import { startApacheKafka } from './server.ts'
import { startTool, type ToolName, toolNames } from './tools.ts'

const [command, ...args] = process.argv.slice(2)
if (command === 'server') await serve(args)
else if (toolNames.includes(command as ToolName)) await runInForeground(command as ToolName, args)
else {
  console.error(
    `Usage: node test/apache-kafka/main.ts server [PORT [DIR]] | TOOL [ARG …]\nTools: ${toolNames.join(', ')}`,
  )
  process.exitCode = 2
}

async function serve([port, directory]: string[]): Promise<void> {
  await apacheKafka()
  const server = await startApacheKafka({
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(directory === undefined ? {} : { directory }),
  })
  console.log(`Apache Kafka is ready at ${server.address}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close())
}

async function runInForeground(tool: ToolName, toolArgs: string[]): Promise<void> {
  const child = await startTool(tool, toolArgs)
  process.stdin.pipe(child.stdin)
  child.stdout.pipe(process.stdout)
  child.stderr.pipe(process.stderr)
  child.once('exit', code => process.exit(code ?? 1))
}
