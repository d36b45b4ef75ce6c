/**
 * The commands that work against any Kafka cluster, as they can be said. What each does is a module of its own, loaded when it runs.
 *
 *     ottla topic list|describe|create|delete      ottla group list|describe|reset|delete
 *     ottla config get|set|unset                   ottla cluster info      ottla produce|consume TOPIC      ottla doctor
 */

import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import type { ResourceType } from '../../client/topics.ts'
import type { Shell } from './completion.ts'
import { parsePlace } from './place.ts'

const defaultBrokers = '127.0.0.1:9092'
const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** `done` is told the exit status of the command that ran. */
export function addClientCommands(program: Command, done: (status: number) => void): void {
  addTopicCommands(program.command('topic').description('Topics of a Kafka cluster.'), done)
  addGroupCommands(program.command('group').description('Consumer groups of a Kafka cluster.'), done)
  addConfigCommands(program.command('config').description('Settings of topics, brokers and groups.'), done)
  const cluster = program.command('cluster').description('The cluster itself.')
  onCluster(cluster.command('info'))
    .description('Print its brokers, and how much there is.')
    .action(async options => done(await (await import('./cluster-info.ts')).clusterInfo(options)))
  onCluster(program.command('doctor'))
    .description('Say what is wrong between this machine and a cluster, and what to do.')
    .addHelpText('after', '\nExit status: 0 nothing is, 1 something is, 2 wrong usage.')
    .action(async options => done(await (await import('./doctor.ts')).doctor(options)))
  addRecordCommands(program, done)
  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .description('Print a script that completes commands, and names of topics and groups.')
    .addHelpText('after', '\nExample, in ~/.bashrc:\n  source <(ottla completion bash)')
    .action(async (shell: Shell) => {
      const { shells } = await import('./completion.ts')
      process.stdout.write(shells[shell])
    })
  program.command('__complete [words...]', { hidden: true }).action(async (words: string[]) => {
    const { complete, namesIn } = await import('./completion.ts')
    const names = namesIn(brokers(process.env.KAFKA_BROKERS ?? defaultBrokers))
    process.stdout.write((await complete(program, words, names)).map(candidate => `${candidate}\n`).join(''))
  })
}

function addTopicCommands(topic: Command, done: (status: number) => void): void {
  onCluster(topic.command('list'))
    .description('Print all topics.')
    .option('--internal', 'also the topics that the cluster keeps for itself')
    .action(async options => done(await (await import('./topic.ts')).listTopics(options)))
  onCluster(topic.command('describe <name>'))
    .description('Print partitions, offsets and what is set.')
    .action(async (name, options) => done(await (await import('./topic.ts')).describeTopic(name, options)))
  onCluster(topic.command('create <name>'))
    .description('Create a topic.')
    .addOption(count('-p, --partitions <count>', "how many (default: the cluster's)").default(-1))
    .addOption(count('-r, --replicas <count>', "of each partition (default: the cluster's)").default(-1))
    .option('-c, --config <name=value>', 'a setting of the topic (repeatable)', collectPair, new Map())
    .addHelpText('after', '\nExample:\n  ottla topic create orders -p 3 -c retention.ms=86400000')
    .action(async (name, options) => done(await (await import('./topic.ts')).createTopicCommand(name, options)))
  destructive(onCluster(topic.command('delete <names...>')))
    .description('Delete topics with all their records.')
    .action(async (names, options) => done(await (await import('./topic.ts')).deleteTopics(names, options)))
}

function addGroupCommands(group: Command, done: (status: number) => void): void {
  onCluster(group.command('list'))
    .description('Print all groups.')
    .action(async options => done(await (await import('./group.ts')).listGroups(options)))
  onCluster(group.command('describe <id>'))
    .description('Print how far it has read, and who its members are.')
    .action(async (id, options) => done(await (await import('./group.ts')).describeGroup(id, options)))
  destructive(onCluster(group.command('reset <id>')))
    .description('Move a group that has no members to another place.')
    .addOption(
      place(
        '--to <place>',
        'beginning, end, 4711, +10, -10, 2026-11-25T10:00, or how long ago: 2h',
      ).makeOptionMandatory(),
    )
    .option('-t, --topic <name>', 'only this topic (default: all that it has committed offsets of)')
    .addOption(count('-p, --partition <number>', 'only this partition of the topic'))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla group reset payment --to 2h --dry-run\n  ottla group reset payment -t orders -p 0 --to 4711 --yes',
    )
    .action(async (id, options) => done(await (await import('./group.ts')).resetGroup(id, options)))
  destructive(onCluster(group.command('delete <id>')))
    .description('Delete a group that has no members, with its offsets.')
    .action(async (id, options) => done(await (await import('./group.ts')).deleteGroup(id, options)))
}

function addConfigCommands(config: Command, done: (status: number) => void): void {
  onCluster(config.command('get').addArgument(resourceType()).argument('<name>'))
    .description('Print what is set for a topic, broker or group.')
    .option('--all', 'also what holds by default')
    .action(async (type, name, options) => done(await (await import('./config.ts')).getConfigs(type, name, options)))
  const dryRun = '--dry-run'
  onCluster(config.command('set').addArgument(resourceType()).argument('<name>').argument('<name=value...>'))
    .description('Set settings.')
    .option(dryRun, 'only ask whether the cluster would accept it')
    .addHelpText('after', '\nExample:\n  ottla config set topic orders retention.ms=86400000')
    .action(async (type, name, pairs: string[], options) => {
      const changes = pairs.reduce((all, pair) => collectPair(pair, all), new Map<string, string>())
      done(await (await import('./config.ts')).setConfigs({ type, name }, changes, options))
    })
  onCluster(config.command('unset').addArgument(resourceType()).argument('<name>').argument('<names...>'))
    .description('Go back to the defaults of settings.')
    .option(dryRun, 'only ask whether the cluster would accept it')
    .action(async (type, name, names: string[], options) => {
      const changes = new Map(names.map(key => [key, null] as const))
      done(await (await import('./config.ts')).setConfigs({ type, name }, changes, options))
    })
}

function addRecordCommands(program: Command, done: (status: number) => void): void {
  onCluster(program.command('consume <topic>'))
    .description('Print the records of a topic, and go on with what comes.')
    .addOption(
      place(
        '-f, --from <place>',
        'beginning, end, 4711, -10 (of each partition), 2026-11-25T10:00, or how long ago: 2h',
      ).default({ kind: 'beginning' }, 'beginning'),
    )
    .addOption(count('-l, --last <count>', 'only the last so many, then end'))
    .option('-e, --until-end', 'end where the topic ends now')
    .addOption(count('-n, --max <count>', 'end after so many'))
    .addOption(count('-p, --partition <number>', 'only this partition'))
    .option('-k, --key <key>', 'only records with this key')
    .addOption(
      new Option('-g, --grep <pattern>', 'only records whose value matches this regular expression').argParser(pattern),
    )
    .option('-H, --header <name=value>', 'only records with this header (repeatable)', collectPair, new Map())
    .option('-v, --verbose', 'with partition, offset, time, key and headers')
    .option('--uncommitted', 'also records of transactions that were not committed')
    .addHelpText(
      'after',
      '\nExamples:\n  ottla consume orders --last 5 -v\n  ottla consume orders --from 15m --until-end --json\n  ottla consume orders --key order-7',
    )
    .action(async (topic, options) => done(await (await import('./consume.ts')).consume(topic, options)))
  onCluster(program.command('produce <topic> [files...]'))
    .description('Store a record for each line of the files, or of standard input.')
    .option('-k, --key <key>', 'of every record')
    .option('-K, --key-separator <text>', 'what stands before it in a line is the key')
    .option('-H, --header <name=value>', 'of every record (repeatable)', collectPair, new Map())
    .addOption(count('-p, --partition <number>', "instead of the key's"))
    .addOption(new Option('-z, --compression <codec>', 'of the batches').choices(compressions).default('none'))
    .option('--ndjson', 'lines are objects, as consume --json prints them')
    .addHelpText(
      'after',
      "\nExamples:\n  echo 'order-1:two mugs' | ottla produce orders -K :\n  ottla consume orders --json --until-end | ottla produce copy --ndjson",
    )
    .action(async (topic, files, options) => done(await (await import('./produce.ts')).produce(topic, files, options)))
}

/** What all of them have. */
function onCluster(command: Command): Command {
  return command
    .addOption(
      new Option('-b, --brokers <host:port,...>', 'where the cluster can be reached')
        .env('KAFKA_BROKERS')
        .default(brokers(defaultBrokers), defaultBrokers)
        .argParser(brokers),
    )
    .addOption(count('--timeout <seconds>', 'how long to wait for the cluster').default(10))
    .option('--json', 'one JSON object a line')
}

function destructive(command: Command): Command {
  return command.option('-y, --yes', 'do not ask').option('--dry-run', 'only say what would be done')
}

function brokers(text: string): { host: string; port: number }[] {
  return text.split(',').map(part => {
    const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(part.trim())
    if (match === null) throw new InvalidArgumentError('Expected HOST:PORT, or several with commas between.')
    return { host: (match[1] ?? match[2])!, port: Number(match[3]) }
  })
}

function resourceType(): Argument {
  return new Argument('<type>').choices(['topic', 'broker', 'group'] satisfies ResourceType[])
}

function count(flags: string, description: string): Option {
  return new Option(flags, description).argParser(text => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('Expected a whole number.')
    return value
  })
}

function place(flags: string, description: string): Option {
  return new Option(flags, description).argParser(text => parsePlace(text))
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text, 'u')
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

function collectPair(text: string, pairs: ReadonlyMap<string, string>): Map<string, string> {
  const separator = text.indexOf('=')
  if (separator < 1) throw new InvalidArgumentError('Expected NAME=VALUE.')
  return new Map(pairs).set(text.slice(0, separator), text.slice(separator + 1))
}
