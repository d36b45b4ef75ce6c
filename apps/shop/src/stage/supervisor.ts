/**
 * One child process, kept as its owner wants it: running, or stopped on purpose. A child that dies without being told to has
 * crashed and is started again after a pause; `kill` is how a user makes it crash.
 *
 *   stopped -> running -> stopping -> stopped        start, stop
 *              running -> crashed -> running         any other death
 *
 * While it runs it may hang (SIGSTOP) or be slowed (stopped for a part of every tenth of a second): to others, a process that
 * answers late or not at all. Neither outlives the child.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export type ProcessState = 'running' | 'stopping' | 'stopped' | 'crashed'

export type Command = { script: string; args: string[]; env: Record<string, string> }

const restartFirstMs = 1000
const restartMaxMs = 8000
const slowPeriodMs = 100
/** A child that has lived this long has recovered: its next crash counts as its first. */
const healthyMs = 10_000

/** Loaded into every child: ends it when this process is gone, however it went. */
const exitWithParent = fileURLToPath(new URL('./exit-with-parent.ts', import.meta.url))

export class SupervisedProcess extends EventEmitter<{ change: []; line: [string] }> {
  readonly name: string
  state: ProcessState = 'stopped'
  crashes = 0
  isHung = false
  /** Of its time, as far as we let it run. */
  speedPercent = 100
  startedAtMs = 0
  readonly #command: () => Command
  readonly #log: WriteStream
  #child: ChildProcess | undefined
  #restart: NodeJS.Timeout | undefined
  #recentCrashes = 0
  #slowing: NodeJS.Timeout | undefined

  /** @param options `command` is asked at each start; `logFile` gets all that the child writes */
  constructor(options: { name: string; command: () => Command; logFile: string }) {
    super()
    this.name = options.name
    this.#command = options.command
    mkdirSync(dirname(options.logFile), { recursive: true })
    this.#log = createWriteStream(options.logFile, { flags: 'a' })
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Does nothing when it runs already. */
  start(): void {
    if (this.state === 'running' || this.state === 'stopping') return
    clearTimeout(this.#restart)
    const { script, args, env } = this.#command()
    const child = spawn(process.execPath, ['--import', exitWithParent, script, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A process group of its own: Ctrl+C reaches the stage alone, which then stops its children in order.
      detached: true,
    })
    child.stdout?.on('data', (chunk: Buffer) => this.#write(chunk))
    child.stderr?.on('data', (chunk: Buffer) => this.#write(chunk))
    child.on('exit', () => this.#onExit(child))
    this.#child = child
    this.startedAtMs = Date.now()
    this.#become('running')
  }

  /** SIGTERM, and SIGKILL to a child that has not ended in time. Resolves when it is gone. */
  async stop(limitMs: number): Promise<void> {
    clearTimeout(this.#restart)
    const child = this.#child
    if (child === undefined) {
      this.#become('stopped')
      return
    }
    const gone = once(child, 'exit')
    this.#become('stopping')
    child.kill('SIGTERM')
    // A process that is stopped takes no signal but this one.
    this.setSpeed(100)
    this.resume()
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
    await gone
    clearTimeout(timer)
  }

  /** SIGKILL, as a power cut would: the supervisor then treats it as the crash that it is. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** SIGSTOP: alive, its connections open, and it does nothing. */
  hang(): void {
    if (this.#child === undefined) return
    this.setSpeed(100)
    this.#child.kill('SIGSTOP')
    this.isHung = true
    this.emit('change')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
    if (!this.isHung) return
    this.isHung = false
    this.emit('change')
  }

  /** @param percent of its time; 100 lets it run as it can */
  setSpeed(percent: number): void {
    if (percent === this.speedPercent || this.#child === undefined) return
    clearInterval(this.#slowing)
    this.resume()
    this.speedPercent = percent
    if (percent < 100) {
      const child = this.#child
      this.#slowing = setInterval(() => {
        child.kill('SIGSTOP')
        setTimeout(() => child.kill('SIGCONT'), slowPeriodMs * (1 - percent / 100))
      }, slowPeriodMs)
    }
    this.emit('change')
  }

  #onExit(child: ChildProcess): void {
    if (child !== this.#child) return
    this.#child = undefined
    clearInterval(this.#slowing)
    this.isHung = false
    this.speedPercent = 100
    if (this.state === 'stopping') {
      this.#become('stopped')
      return
    }
    this.crashes += 1
    this.#recentCrashes = Date.now() - this.startedAtMs > healthyMs ? 1 : this.#recentCrashes + 1
    const pauseMs = Math.min(restartMaxMs, restartFirstMs * 2 ** (this.#recentCrashes - 1))
    this.#restart = setTimeout(() => this.start(), pauseMs)
    this.#become('crashed')
  }

  #become(state: ProcessState): void {
    this.state = state
    this.emit('change')
  }

  #write(chunk: Buffer): void {
    this.#log.write(chunk)
    if (this.listenerCount('line') === 0) return
    for (const line of chunk.toString().split('\n')) if (line !== '') this.emit('line', line)
  }
}
