/** docs/reference/command.md: every command with its arguments and options, from the very definitions that parse them. */
import { createProgram } from '../../packages/ottla/src/command/command-line.ts'
import { cell, generatedBy } from './markdown.ts'

type Command = ReturnType<typeof createProgram>

export function commandReference(): string {
  const commands = leavesOf(createProgram(() => undefined))
  return `# Commands and options

${generatedBy('packages/ottla/src/command')}

As \`ottla COMMAND --help\` says it. What the commands are for, and their exit status: [The command](../command.md).

${commands.map(section).join('\n\n')}
`
}

/** Commands that do something themselves, in the order of the help. */
function leavesOf(command: Command): Command[] {
  const help = command.createHelp()
  const children = help.visibleCommands(command).filter(child => child.name() !== 'help')
  return children.length === 0 ? [command] : children.flatMap(leavesOf)
}

function section(command: Command): string {
  const help = command.createHelp()
  const words = wordsOf(command)
  const options = help.visibleOptions(command).filter(({ long }) => long !== '--help')
  const extra = extraHelpOf(command)
  const rows = [
    ...command.registeredArguments.map(argument => [argumentName(argument), help.argumentDescription(argument)]),
    ...options.map(option => [option.flags, help.optionDescription(option).replace(' (default: {})', '')]),
  ].map(([name = '', text = '']) => `| \`${cell(name)}\` | ${cell(text)} |`)
  return [
    `## ${words}`,
    command.description(),
    `\`\`\`\n${words} ${command.usage()}\n\`\`\``,
    ...(rows.length > 0 ? [`| | |\n| --- | --- |\n${rows.join('\n')}`] : []),
    ...(extra === '' ? [] : [`\`\`\`\n${extra}\n\`\`\``]),
  ].join('\n\n')
}

function wordsOf(command: Command): string {
  return command.parent === null ? command.name() : `${wordsOf(command.parent)} ${command.name()}`
}

function argumentName(argument: Command['registeredArguments'][number]): string {
  return argument.name() + (argument.variadic ? '…' : '')
}

/** What `addHelpText` has put behind the help: examples and exit status. */
function extraHelpOf(command: Command): string {
  let printed = ''
  command.configureOutput({
    writeOut: text => {
      printed += text
    },
  })
  command.outputHelp()
  return printed.slice(command.helpInformation().length).trim()
}
