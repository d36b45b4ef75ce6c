/**
 * The published JavaScript: everything that is plain JavaScript in a few modules, with source maps. What is bundled needs no download
 * and no resolution at start; what has native parts stays a dependency, since npm picks the build for the platform.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { rolldown } from 'rolldown'

/** The oldest Node.js that has all of what the sources use: zstd in `node:zlib`. */
export const oldestNode = '22.15.0'

export interface BundleOptions {
  root: string
  directory: string
  /** Left out of the bundle: installed beside it. */
  external: readonly string[]
}

export interface BundledPackage {
  name: string
  version: string
  license: string
  licenseText: string
}

/**
 * Writes the modules and resolves to the third-party packages that are in them, by name. The API is there as CommonJS, too: in a Jest test,
 * no version of Node.js can require an ES module.
 */
export async function bundle(options: BundleOptions): Promise<BundledPackage[]> {
  const index = 'packages/ottla/src/index.ts'
  const modules = await write(options, 'esm', {
    index,
    bin: 'packages/ottla/src/bin.ts',
    // Started by its URL, so no import leads there; it is looked for beside the module that starts it.
    'cleaner-thread-main': 'packages/log/src/compaction/cleaner-thread-main.ts',
  })
  await write(options, 'cjs', { index })
  return thirdParties(options.root, modules)
}

/** Resolves to the paths of the source modules. */
async function write(
  { root, directory, external }: BundleOptions,
  format: 'esm' | 'cjs',
  input: Record<string, string>,
): Promise<string[]> {
  const extension = format === 'esm' ? 'js' : 'cjs'
  const build = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    external: [...external],
    transform: { target: `node${oldestNode}` },
    checks: { pluginTimings: false },
    onLog(level, log) {
      if (level === 'warn') throw new Error(`the bundler warns: ${log.message}`)
    },
  })
  const { output } = await build.write({
    dir: directory,
    format,
    sourcemap: true,
    entryFileNames: `[name].${extension}`,
    chunkFileNames: `[name]-[hash].${extension}`,
    comments: false,
  })
  await build.close()
  if (format === 'cjs') for (const { fileName } of output) leaveOutSources(join(directory, fileName))
  return output.flatMap(chunk => (chunk.type === 'chunk' ? chunk.moduleIds : []))
}

/** The maps of the ES modules hold the same sources: once is enough. Names and lines of a stack trace need only the mappings. */
function leaveOutSources(path: string): void {
  if (!path.endsWith('.map')) return
  const { sourcesContent: _, ...map } = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify(map))
}

function thirdParties(root: string, modules: readonly string[]): BundledPackage[] {
  const found = new Map<string, BundledPackage>()
  for (const module of modules) {
    const match = /^(.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+))[/\\]/.exec(module)
    if (match === null) continue
    const [, directory = '', name = ''] = match
    if (!found.has(name)) found.set(name, describe(root, directory))
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** @throws Error when a package has no licence: then it must not be passed on */
function describe(root: string, directory: string): BundledPackage {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  if (typeof license !== 'string') throw new Error(`${relative(root, directory)} names no licence`)
  return { name, version, license, licenseText: licenseText(directory) ?? `Licensed under ${license}.` }
}

function licenseText(directory: string): string | undefined {
  for (const name of ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE', 'License']) {
    try {
      return readFileSync(join(directory, name), 'utf8').trim()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return undefined
}

/** Of the bundled packages, as most of their licences ask. */
export function thirdPartyNotices(packages: readonly BundledPackage[]): string {
  const parts = packages.map(({ name, version, license, licenseText }) => {
    const title = `${name} ${version} (${license})`
    return `${title}\n${'-'.repeat(title.length)}\n\n${licenseText}\n`
  })
  return `Ottla contains these packages in its own files.\n\n${parts.join('\n')}`
}
