/**
 * Completion for bash, zsh and fish: what may come next, from the very tree of commands, and names of topics and groups from the cluster.
 * A cluster that does not answer costs three seconds and nothing else.
 */

import type { Command, Option } from 'commander'
import { Cluster } from '../../client/cluster.ts'
import { groupsOf } from '../../client/groups.ts'

export const shells = {
  bash: `_ottla() {
  local IFS=$'\\n'
  COMPREPLY=($(ottla __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _ottla ottla
`,
  zsh: `#compdef ottla
_ottla() {
  local -a candidates
  candidates=("\${(@f)$(ottla __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a candidates
}
compdef _ottla ottla
`,
  fish: `function __ottla_complete
  set -l words (commandline -opc) (commandline -ct)
  ottla __complete -- $words[2..-1] 2>/dev/null
end
complete -c ottla -f -a '(__ottla_complete)'
`,
} as const

export type Shell = keyof typeof shells

/** Topics and groups by the options that come before; of a cluster that can't be reached, none. */
export interface Names {
  topics(): Promise<readonly string[]>
  groups(): Promise<readonly string[]>
}

const timeoutMs = 3_000

export function namesIn(brokers: readonly { host: string; port: number }[]): Names {
  const ask = async (work: (cluster: Cluster) => Promise<string[]>): Promise<string[]> => {
    const cluster = new Cluster({ brokers, timeoutMs })
    try {
      return await work(cluster)
    } catch {
      return [] // a completion has no place to say why
    } finally {
      cluster.close()
    }
  }
  return {
    topics: () =>
      ask(async cluster => (await cluster.topics()).filter(topic => !topic.isInternal).map(({ name }) => name)),
    groups: () => ask(async cluster => (await groupsOf(cluster)).map(({ groupId }) => groupId)),
  }
}

/** What the last word may become. `words` are those after `ottla`, the last one as far as it is written. */
export async function complete(program: Command, words: readonly string[], names: Names): Promise<string[]> {
  const partial = words.at(-1) ?? ''
  let command = program
  let position = 0
  let isValueOf: Option | undefined
  for (const word of words.slice(0, -1)) {
    if (isValueOf !== undefined) {
      isValueOf = undefined
    } else if (word.startsWith('-')) {
      isValueOf = command.options.find(
        ({ short, long, required, optional }) => (word === short || word === long) && (required || optional),
      )
    } else {
      const next = command.commands.find(candidate => candidate.name() === word)
      if (next === undefined) position++
      else command = next
    }
  }
  const candidates = await candidatesFor({ command, position, isValueOf, partial, names })
  return candidates.filter(candidate => candidate.startsWith(partial)).sort()
}

async function candidatesFor(options: {
  command: Command
  position: number
  isValueOf: Option | undefined
  partial: string
  names: Names
}): Promise<readonly string[]> {
  const { command, position, isValueOf, partial, names } = options
  if (isValueOf !== undefined) return isValueOf.long === '--topic' ? names.topics() : (isValueOf.argChoices ?? [])
  if (partial.startsWith('-'))
    return command.options.filter(option => !option.hidden).map(option => option.long ?? option.flags)
  if (command.commands.length > 0) return visible(command).map(found => found.name())
  const argument =
    command.registeredArguments[position] ?? command.registeredArguments.findLast(found => found.variadic)
  if (argument === undefined) return []
  if (argument.argChoices !== undefined) return argument.argChoices
  return namesFor(`${command.parent?.name()} ${command.name()}`, argument.name(), names)
}

/** By the names that arguments have in commands.ts. A name that is yet to be given can't be completed. */
function namesFor(command: string, argument: string, names: Names): Promise<readonly string[]> | readonly string[] {
  if (command.startsWith('group ')) return argument === 'id' ? names.groups() : []
  if (argument === 'topic') return names.topics()
  const takesTopic = command.startsWith('config ')
    ? argument === 'name'
    : command === 'topic describe' || command === 'topic delete'
  return takesTopic ? names.topics() : []
}

function visible(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter(found => found.name() !== 'help')
}
