/** What can be said on the command line. Each subcommand's action is a module of its own. */

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import type { BackupOptions } from './backup.ts'
import { addClientCommands } from './client/commands.ts'
import { exitStatus } from './exit-status.ts'
import type { DumpCommandOptions } from './log-dump.ts'
import type { TopicAndPartition } from './log-repair.ts'
import { parsePort } from './port.ts'
import type { StartOptions } from './start.ts'

/** Runs the command and resolves to the exit status. `start` resolves when the broker has stopped. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  let status: number = exitStatus.ok
  const program = createProgram(reached => {
    status = reached
  })
  try {
    await program.parseAsync(namesCommand(words) ? words : ['start', ...words], { from: 'user' })
    return status
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Commander has said on standard error what is wrong; help and version end with 0.
    return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage
  }
}

/** All that can be said, with its help. `done` is told the exit status of the command that ran. */
export function createProgram(done: (status: number) => void): Command {
  const program = new Command('ottla')
    .description("A durable, replayable event log that speaks Apache Kafka's wire protocol.")
    .version(packageJson.version, '-v, --version')
    .showHelpAfterError('(ottla --help shows what can be said)')
    .exitOverride()
    .enablePositionalOptions() // so that a command's `-v` is its own

  program
    .command('start')
    .description('Start a broker in the foreground. This is what ottla does without a command.')
    .addOption(
      new Option(
        '--listen <host:port>',
        'address to listen on; port 0 asks the system (default: "127.0.0.1:9092")',
      ).argParser(hostAndPort),
    )
    .option('--data-dir <dir>', 'where the log lives (default: "ottla-data")')
    .addOption(
      new Option('--durability <kind>', 'fsync: acknowledged means on the disk; os: trust the page cache')
        .choices(['fsync', 'os'])
        .default('fsync'),
    )
    .addOption(
      new Option(
        '--http-port <port>',
        'serve /metrics, /healthz and /readyz on this port of 127.0.0.1; 0 asks the system (default: off)',
      ).argParser(portNumber),
    )
    .option('--config <file>', 'a Kafka server.properties: the same names, the same meaning')
    .option('--set <name=value>', 'one setting, over the file (repeatable)', collectSetting, new Map())
    .addOption(new Option('--console <host:port>', 'not part of this version').argParser(hostAndPort).hideHelp())
    .option('--no-console', 'start no web console (this version has none yet)')
    .addOption(
      new Option('--log-format <format>', 'of standard error; pretty on a terminal, else json').choices([
        'pretty',
        'json',
      ]),
    )
    .addOption(
      new Option('--log-level <level>', 'what is logged')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    )
    .addHelpText(
      'after',
      `
Examples:
  ottla start
  ottla start --listen 127.0.0.1:0 --data-dir /tmp/scratch --durability os
  ottla start --config server.properties --set num.partitions=3

Exit status: 0 stopped, 1 could not start or had to stop, 2 wrong usage.`,
    )
    .action(async (options: StartOptions) => {
      const { start } = await import('./start.ts')
      done(await start(options))
    })

  program
    .command('apis')
    .description('Print the APIs and versions that this broker serves.')
    .action(async () => {
      const { printApis } = await import('./apis.ts')
      printApis()
    })

  program
    .command('backup')
    .argument('<dir>', 'where the copy goes: a directory that is not there yet')
    .option('--data-dir <dir>', 'the data directory of the running broker', 'ottla-data')
    .option('--no-verify', 'do not read the copy once more to check every byte of it')
    .description('Copy the data of a running broker, all of it as of one moment. The copy starts as a broker.')
    .addHelpText(
      'after',
      '\nExit status: 0 the copy is complete, 1 it is not, or something in it is damaged, 2 wrong usage.',
    )
    .action(async (directory: string, options: BackupOptions) => {
      const { backup } = await import('./backup.ts')
      done(await backup(directory, options))
    })

  const log = program.command('log').description('Look at, check and repair what is on the disk.')
  log
    .command('verify')
    .argument('<dir>', "the data directory of a broker that doesn't run, or a copy of one")
    .description('Read every byte of a data directory and say what is wrong and where. Changes nothing.')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nExit status: 0 nothing is damaged, 1 something is, or it could not be looked at, 2 wrong usage.',
    )
    .action(async (directory: string, options: { json?: boolean }) => {
      const { verify } = await import('./log-verify.ts')
      done(await verify(directory, options))
    })

  log
    .command('dump')
    .argument('<file>', 'a file of a data directory, of any kind: the name tells which')
    .description('Print what stands in a file of a data directory. Changes nothing.')
    .option('--json', 'one JSON object a line')
    .option('--no-records', "of a log file only the record batches' headers")
    .addOption(new Option('--from-offset <offset>', 'of a log file what comes from there on').argParser(offset))
    .addHelpText(
      'after',
      '\nExit status: 0 all of it is valid, 1 something is damaged or could not be read, 2 wrong usage.',
    )
    .action(async (file: string, options: DumpCommandOptions) => {
      const { dump } = await import('./log-dump.ts')
      done(await dump(file, options))
    })

  log
    .command('repair')
    .argument('<dir>', "the data directory of a broker that doesn't run")
    .addOption(
      new Option('--partition <topic-partition>', 'the partition, as in orders-0')
        .argParser(topicAndPartition)
        .makeOptionMandatory(),
    )
    .description(
      'Cut out what is damaged in a partition, so that it can be served again. Keeps what it cuts out beside.',
    )
    .addHelpText(
      'after',
      '\nExit status: 0 the partition can be served, 1 it could not be repaired, 2 wrong usage. Back up the directory first.',
    )
    .action(async (directory: string, options: { partition: TopicAndPartition }) => {
      const { repair } = await import('./log-repair.ts')
      done(await repair(directory, options))
    })

  addClientCommands(program, done)
  return program
}

/** `ottla` and `ottla --listen …` mean `ottla start`; the options of the program itself are left to it. */
function namesCommand([first]: readonly string[]): boolean {
  if (first === undefined) return false
  return !first.startsWith('-') || ['-h', '--help', '-v', '--version'].includes(first)
}

export interface HostAndPort {
  host: string
  port: number
}

/** `HOST:PORT`, with an IPv6 host in brackets. */
function hostAndPort(text: string): HostAndPort {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) throw new InvalidArgumentError('Expected HOST:PORT, as in 127.0.0.1:9092.')
  return { host: (match[1] ?? match[2])!, port }
}

function portNumber(text: string): number {
  const port = parsePort(text)
  if (port === null) throw new InvalidArgumentError('Expected a port, 0 to 65535.')
  return port
}

function offset(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('Expected an offset, as in 4711.')
  return value
}

/** As the partition's directory is named. */
function topicAndPartition(text: string): TopicAndPartition {
  const match = /^([\w.-]+)-(\d{1,10})$/.exec(text)
  if (match === null) throw new InvalidArgumentError('Expected TOPIC-PARTITION, as in orders-0.')
  return { topic: match[1]!, partition: Number(match[2]) }
}

function collectSetting(text: string, settings: Map<string, string>): Map<string, string> {
  const separator = text.indexOf('=')
  if (separator < 1) throw new InvalidArgumentError('Expected NAME=VALUE, as in num.partitions=3.')
  return new Map(settings).set(text.slice(0, separator).trim(), text.slice(separator + 1).trim())
}
