/**
 * The published JavaScript: everything that is plain JavaScript in a few ES modules, with source maps. What is bundled needs no download
 * and no resolution at start; what has native parts stays a dependency, since npm picks the build for the platform.
 */

import { readFileSync } from 'node:fs'
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

/** Writes the modules and resolves to the third-party packages that are in them, by name. */
export async function bundle({ root, directory, external }: BundleOptions): Promise<BundledPackage[]> {
  const build = await rolldown({
    cwd: root,
    input: {
      index: 'packages/ottla/src/index.ts',
      bin: 'packages/ottla/src/bin.ts',
      // Started by its URL, so no import leads there; it looks for it beside its own module.
      'cleaner-thread-main': 'packages/log/src/compaction/cleaner-thread-main.ts',
    },
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
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    comments: false,
  })
  await build.close()
  const modules = output.flatMap(chunk => (chunk.type === 'chunk' ? chunk.moduleIds : []))
  return thirdParties(root, modules)
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
