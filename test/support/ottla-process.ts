/**
 * Ottla as its users run it: a process of its own, started by the `ottla` command, known only by its address, its
 * directory, its exit status and what it prints. Never imports the broker.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TemporaryDirectory, temporaryDirectory } from './temporary-directory.ts'

export type OttlaOptions = {
  /** By default a temporary one, removed at `close`. */
  dataDirectory?: string
  /** `--set NAME=VALUE` */
  settings?: Record<string, string | number>
  durability?: 'fsync' | 'os'
  /** Options of Node, before the script. */
  nodeOptions?: string[]
}

export type OttlaProcess = {
  readonly address: string
  readonly port: number
  readonly pid: number
  readonly dataDirectory: string
  /** From the start of the process to its ready line, in milliseconds. */
  readonly startMs: number
  /** What it has said on standard error since its last start. */
  readonly stderr: string
  /** Stops (SIGTERM) or kills (SIGKILL) the process and waits for its end; the data stays. Answers the exit status. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<number | null>
  /** Starts again on the same port and directory. */
  start(): Promise<void>
  /** Kills the process and removes a temporary directory. */
  close(): Promise<void>
}

export const ottlaScript = join(import.meta.dirname, '..', '..', 'packages', 'ottla', 'src', 'bin.ts')
const START_TIMEOUT_MS = 120_000

export async function startOttlaProcess(options: OttlaOptions = {}): Promise<OttlaProcess> {
  let temporary: TemporaryDirectory | undefined
  if (options.dataDirectory === undefined) temporary = await temporaryDirectory('ottla')
  const dataDirectory = options.dataDirectory ?? temporary!.path

  let child: ChildProcess
  let port = 0
  let startMs = 0
  let stderr = ''
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal)
      await once(child, 'exit')
    }
    return child.exitCode
  }
  const start = async () => {
    const startedAt = performance.now()
    stderr = ''
    const args = [...(options.nodeOptions ?? []), ottlaScript, ...startArguments({ ...options, port, dataDirectory })]
    child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stderr!.setEncoding('utf8').on('data', text => {
      stderr = (stderr + text).slice(-200_000)
    })
    try {
      port = await readyPort(child)
    } catch (error) {
      await stop('SIGKILL')
      throw new Error(`Ottla did not start: ${(error as Error).message}\n${stderr}`)
    }
    startMs = performance.now() - startedAt
  }
  try {
    await start()
  } catch (error) {
    await temporary?.remove()
    throw error
  }

  return {
    dataDirectory,
    get address() {
      return `127.0.0.1:${port}`
    },
    get port() {
      return port
    },
    get pid() {
      return child.pid!
    },
    get startMs() {
      return startMs
    },
    get stderr() {
      return stderr
    },
    stop,
    start,
    async close() {
      await stop('SIGKILL')
      await temporary?.remove()
    },
  }
}

/** Arguments of the command for a broker on loopback (port 0: the system chooses). */
export function startArguments(options: OttlaOptions & { port?: number }): string[] {
  const { port = 0, dataDirectory, settings = {}, durability } = options
  return [
    'start',
    '--listen',
    `127.0.0.1:${port}`,
    ...(dataDirectory === undefined ? [] : ['--data-dir', dataDirectory]),
    ...(durability === undefined ? [] : ['--durability', durability]),
    ...Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
  ]
}

/** The port in the ready line; rejects when the process ends before it, or the time is up. */
function readyPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let stdout = ''
    const timer = setTimeout(() => reject(new Error(`no ready line within ${START_TIMEOUT_MS} ms`)), START_TIMEOUT_MS)
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      reject(new Error(`it ended with ${code ?? signal}`))
    })
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      const port = /^Ottla is ready at kafka:\/\/127\.0\.0\.1:(\d+)/m.exec(stdout)?.[1]
      if (port === undefined) return
      clearTimeout(timer)
      resolve(Number(port))
    })
  })
}
