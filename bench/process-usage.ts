/** What a server process, with all its children, has used: read from /proc, so on Linux only. */
import { readdirSync, readFileSync } from 'node:fs'

/** Unit of the times in /proc/PID/stat: 1/100 second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

export type Usage = { cpuSeconds: number; rssBytes: number }

export function usageOf(pid: number): Usage {
  const own = ownUsage(pid)
  return childrenOf(pid)
    .map(usageOf)
    .reduce(
      (sum, child) => ({ cpuSeconds: sum.cpuSeconds + child.cpuSeconds, rssBytes: sum.rssBytes + child.rssBytes }),
      own,
    )
}

function ownUsage(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the command in parentheses and may hold anything: count from after it (field 3 is the state).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const field = (number: number) => Number(fields[number - 3])
  // utime, stime, and those of children that have ended and were waited for.
  const cpuSeconds = (field(14) + field(15) + field(16) + field(17)) / TICKS_PER_SECOND
  const rssKib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { cpuSeconds, rssBytes: Number(rssKib) * 1024 }
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}
