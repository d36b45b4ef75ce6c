/** What a reader must know about the machine before comparing figures with those of another. */
import { execFileSync } from 'node:child_process'
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { arch, cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { median } from './statistics.ts'

export type Machine = {
  cores: number
  cpu: string
  memoryGib: number
  kernel: string
  fileSystem: string
  /** Median time to append 16 KiB to a file and flush it with fdatasync, in microseconds. */
  fdatasyncMicroseconds: number
  node: string
  java: string
  commit: string
}

const TMPFS = 0x01021994
const SYNCS = 200

export function describeMachine(directory: string): Machine {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()} ${arch()}`,
    fileSystem: fileSystemOf(directory),
    fdatasyncMicroseconds: fdatasyncTime(directory),
    node: process.version,
    java: firstLine('java', ['-version']),
    commit: firstLine('git', ['describe', '--always', '--dirty']),
  }
}

/** On a file system in memory a flush costs nothing, and the comparison says nothing. */
export function isInMemory(directory: string): boolean {
  return statfsSync(directory).type === TMPFS
}

function fileSystemOf(directory: string): string {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map(line => line.split(' '))
  const under = mounts.filter(
    ([, path]) => path !== undefined && `${directory}/`.startsWith(path === '/' ? path : `${path}/`),
  )
  const longest = under.reduce<string[]>(
    (best, mount) => (mount[1]!.length >= (best[1] ?? '').length ? mount : best),
    [],
  )
  return longest[2] ?? 'unknown'
}

function fdatasyncTime(directory: string): number {
  const path = join(directory, 'fdatasync-probe')
  const file = openSync(path, 'w')
  const block = Buffer.alloc(16_384, 1)
  const times: number[] = []
  for (let i = 0; i < SYNCS; i++) {
    const startedAt = performance.now()
    writeSync(file, block)
    fdatasyncSync(file)
    times.push((performance.now() - startedAt) * 1000)
  }
  closeSync(file)
  rmSync(path)
  return Math.round(median(times))
}

function firstLine(command: string, args: string[]): string {
  try {
    // `java -version` speaks on standard error.
    const script = `${command} ${args.join(' ')} 2>&1`
    return execFileSync('sh', ['-c', script], { encoding: 'utf8', cwd: import.meta.dirname }).split('\n')[0] ?? ''
  } catch {
    return 'unknown' // the figures are worth having without it
  }
}
