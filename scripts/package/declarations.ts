/**
 * The published types: what tsc declares for the modules that the entry module reaches. The public API names no type of the packages
 * that are bundled; this script refuses it, because nobody could resolve such an import.
 */

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** Of modules and their types: for `import`, and for `require`. */
const extensions = [
  ['.js', '.d.ts'],
  ['.cjs', '.d.cts'],
] as const

export interface DeclarationOptions {
  root: string
  /** With an `index.ts`. */
  sources: string
  /** Gets an `index.d.ts` and what that imports. */
  directory: string
}

export function writeDeclarations({ root, sources, directory }: DeclarationOptions): void {
  const scratch = join(directory, '.declared')
  // An entry point of its own: the repository's configuration covers everything and emits nothing.
  const project = join(root, 'scripts', 'package', 'tsconfig.declarations.json')
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const { status, stdout } = spawnSync(tsc, ['-p', project, '--outDir', scratch, '--rootDir', root], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the types can't be declared:\n${stdout}`)
  const declared = join(scratch, relative(root, sources))
  const waiting = ['index.d.ts']
  const written = new Set(waiting)
  for (const file of waiting) {
    const text = readFileSync(join(declared, file), 'utf8')
    for (const [, specifier = ''] of text.matchAll(/(?:from |import\()'([^']+)'/g)) {
      if (specifier.startsWith('node:')) continue
      if (!specifier.startsWith('.'))
        throw new Error(`${file} of the public types names ${specifier}, which is bundled`)
      const imported = join(dirname(file), specifier.replace(/\.[tj]s$/, '.d.ts'))
      if (written.has(imported)) continue
      written.add(imported)
      waiting.push(imported)
    }
    mkdirSync(dirname(join(directory, file)), { recursive: true })
    for (const [module, declaration] of extensions) {
      const target = join(directory, file.replace(/\.d\.ts$/, declaration))
      writeFileSync(target, text.replaceAll(/((?:from |import\()'\.[^']*)\.ts'/g, `$1${module}'`))
    }
  }
  rmSync(scratch, { recursive: true })
}
