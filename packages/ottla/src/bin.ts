#!/usr/bin/env node
/** The `ottla` command. What a subcommand needs is loaded when it runs, so that a start pays for nothing else. */

import { runCommandLine } from './command/command-line.ts'

process.exitCode = await runCommandLine(process.argv.slice(2))
