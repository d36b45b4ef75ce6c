#!/usr/bin/env node
/** The `ottla` command. What a subcommand needs is loaded when it runs, so that a start pays for nothing else. */

import { keepCompiled } from './command/compile-cache.ts'

keepCompiled()
const { runCommandLine } = await import('./command/command-line.ts')

// Whoever reads may have read enough (`ottla apis | head -1`): then nothing is left to be said.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})
process.exitCode = await runCommandLine(process.argv.slice(2))
