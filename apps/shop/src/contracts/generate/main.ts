/** Writes what is made from the contracts: `node src/contracts/generate/main.ts`. A test sees to it that this is not forgotten. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generatedFiles } from './files.ts'

const directory = join(import.meta.dirname, '../../../contracts')

rmSync(directory, { recursive: true, force: true })
for (const [name, content] of generatedFiles()) {
  const path = join(directory, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}
