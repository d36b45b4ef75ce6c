/** A PostgreSQL server for a test run: Debian's own, in a directory of its own, on a free port, gone afterwards. */
import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { freePorts } from '../../src/stage/free-ports.ts'

const installed = '/usr/lib/postgresql'
const readyWithinMs = 30_000

/** @throws Error when it is not installed, and may not be */
export async function startPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
  const programs = findPrograms() ?? install()
  const directory = mkdtempSync(join(tmpdir(), 'shop-postgres-'))
  const data = join(directory, 'data')
  mkdirSync(data)
  // The server refuses to run as root: Debian's package has brought a user for it.
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined
  if (user !== undefined) for (const path of [directory, data]) chownSync(path, user.uid, user.gid)
  const options = { ...user, cwd: directory, env: { ...process.env, LC_ALL: 'C.UTF-8' } }
  execFileSync(join(programs, 'initdb'), ['-D', data, '-U', 'shop', '--auth=trust', '--encoding=UTF8'], {
    ...options,
    stdio: 'ignore',
  })
  const [port] = await freePorts(1)
  const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', directory, '-c', 'max_connections=300']
  const server = spawn(join(programs, 'postgres'), args, { ...options, stdio: 'ignore' })
  const gone = new Promise<void>(resolve => server.once('exit', () => resolve()))
  const stop = async () => {
    server.kill('SIGINT') // A fast shutdown: connections are ended.
    await gone
    rmSync(directory, { recursive: true, force: true })
  }
  const url = `postgres://shop@127.0.0.1:${port}/postgres`
  try {
    await untilReady(url)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, stop }
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + readyWithinMs
  for (;;) {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(100)
    }
  }
}

/** @returns the newest version's programs, or undefined when there is none */
function findPrograms(): string | undefined {
  if (!existsSync(installed)) return undefined
  const version = readdirSync(installed).sort((a, b) => Number(b) - Number(a))[0]
  return version && join(installed, version, 'bin')
}

function install(): string {
  if (process.getuid?.() !== 0) throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'postgresql'], { stdio: 'inherit' })
  const programs = findPrograms()
  if (programs === undefined) throw new Error('apt-get has installed no PostgreSQL')
  return programs
}

function unprivilegedUser(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
