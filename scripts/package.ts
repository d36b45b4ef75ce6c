/**
 * `npm run package`: builds what is published into `packages/ottla/dist`, a package directory of its own with compiled modules, types,
 * a manifest and notices. `npm pack ./packages/ottla/dist` makes the tarball of it. The sources themselves run unbuilt in this repository,
 * so nothing here is needed to work on them.
 */

import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle, oldestNode, thirdPartyNotices } from './package/bundle.ts'
import { writeDeclarations } from './package/declarations.ts'

const root = join(import.meta.dirname, '..')
const sources = join(root, 'packages', 'ottla', 'src')
const directory = process.argv[2] ?? join(root, 'packages', 'ottla', 'dist')

/** They have native parts: npm installs the build for the platform. */
const native = ['@node-rs/crc32', 'lz4-napi', 'snappy']

rmSync(directory, { recursive: true, force: true })
mkdirSync(directory, { recursive: true })
const bundled = await bundle({ root, directory, external: native })
chmodSync(join(directory, 'bin.js'), 0o755)
writeDeclarations({ root, sources, directory })
writeFileSync(join(directory, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`)
writeFileSync(join(directory, 'THIRD-PARTY-NOTICES.txt'), thirdPartyNotices(bundled))
for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) copyFileSync(join(root, file), join(directory, file))
console.log(`Built ${directory}`)

/** What npm is told. Versions of dependencies are the ones that are tested here. */
function manifest(): object {
  const { name, version, description, license } = readJson('packages/ottla/package.json')
  const { dependencies } = readJson('packages/protocol/package.json') as { dependencies: Record<string, string> }
  const left = Object.keys(dependencies).filter(name => !native.includes(name))
  if (left.length > 0) throw new Error(`neither bundled nor installed: ${left.join(', ')}`)
  return {
    name,
    version,
    description,
    keywords: ['kafka', 'broker', 'event-log', 'testing', 'embedded', 'kafka-protocol'],
    license,
    type: 'module',
    engines: { node: `^${oldestNode} || >=24` },
    bin: { ottla: './bin.js' },
    exports: {
      '.': {
        import: { types: './index.d.ts', default: './index.js' },
        require: { types: './index.d.cts', default: './index.cjs' },
      },
      './package.json': './package.json',
    },
    main: './index.cjs',
    types: './index.d.ts',
    sideEffects: false,
    dependencies,
  }
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}
