/** The page's files, built by Vite when they are missing or older than their sources. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const app = fileURLToPath(new URL('../..', import.meta.url))
const built = join(app, 'dist', 'web')

/** @returns the directory to serve */
export async function buildPage(): Promise<string> {
  if (isCurrent()) return built
  process.stderr.write('Building the page (once) …\n')
  const { build } = await import('vite')
  await build({ root: join(app, 'src', 'web'), configFile: join(app, 'vite.config.ts'), logLevel: 'error' })
  return built
}

function isCurrent(): boolean {
  const index = join(built, 'index.html')
  if (!existsSync(index)) return false
  const builtAtMs = statSync(index).mtimeMs
  const sources = [...files(join(app, 'src', 'web')), join(app, 'vite.config.ts'), join(app, 'package.json')]
  return sources.every(path => statSync(path).mtimeMs <= builtAtMs)
}

function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
}
