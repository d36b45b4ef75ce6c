/** `node:sqlite`, loaded when the first lock is taken, and without the word that Node 22 and 24 have for it on standard error. */

import { getBuiltinModule } from 'node:process'

type Sqlite = typeof import('node:sqlite')

let loaded: Sqlite | undefined

export function sqlite(): Sqlite {
  loaded ??= loadWithoutWarning()
  return loaded
}

/**
 * "SQLite is an experimental feature" would stand in the output of every test that starts a broker there. We use none of what may change:
 * an exclusive transaction. The load is synchronous, so no other warning can fall into it; one of another kind passes through.
 */
function loadWithoutWarning(): Sqlite {
  const { emitWarning } = process
  const passOthers = (warning: string | Error, ...rest: unknown[]): void => {
    if (rest[0] !== 'ExperimentalWarning') Reflect.apply(emitWarning, process, [warning, ...rest])
  }
  process.emitWarning = passOthers
  try {
    return getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}
