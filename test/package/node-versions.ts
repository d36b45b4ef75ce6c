/**
 * Other versions of Node.js to try the published package on: the npm package `node` carries the binary. Kept in the cache directory
 * (`$OTTLA_CACHE`, else `~/.cache/ottla`), so that each is fetched once. The repository itself needs none of them.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export type FoundNode = { path: string } | { missing: string }

/** Answers where that version's binary is, or why it can't be had on this machine. */
export async function nodeOfVersion(version: string): Promise<FoundNode> {
  if (version === process.versions.node) return { path: process.execPath }
  const cache = process.env.OTTLA_CACHE ?? join(homedir(), '.cache', 'ottla')
  const home = join(cache, `node-${version}`)
  const path = join(home, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(path)) return { path }
  try {
    await install(version, { cache, home })
    return { path }
  } catch (error) {
    return { missing: `Node ${version} could not be fetched: ${(error as Error).message.split('\n')[0]}` }
  }
}

/** Beside its final place, and renamed as the last act: what is there is whole. */
async function install(version: string, { cache, home }: { cache: string; home: string }): Promise<void> {
  await mkdir(cache, { recursive: true })
  const scratch = await mkdtemp(join(cache, 'node-'))
  try {
    // Its install script links the binary of the platform's own package, nothing else.
    await writeFile(join(scratch, 'package.json'), '{"private":true,"allowScripts":{"node":true}}')
    await run('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], { cwd: scratch })
    await rm(home, { recursive: true, force: true })
    await rename(scratch, home)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
