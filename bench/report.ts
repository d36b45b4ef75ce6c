/** The table of a run: medians, ratios and the spread, as Markdown that also reads well on a terminal. */
import type { Contestant } from './contestants.ts'
import type { Machine } from './machine.ts'
import type { FigureName, Load, Turn } from './measures.ts'
import { median } from './statistics.ts'

export type Run = {
  date: string
  machine: Machine
  load: Load
  /** Two contestants; the ratios are the second to the first. */
  contestants: [Pick<Contestant, 'name' | 'version'>, Pick<Contestant, 'name' | 'version'>]
  /** For each contestant its turns, in the order they were run. */
  turns: [Turn[], Turn[]]
}

const figures: { name: FigureName; title: string; unit: string; digits: number; better: 'more' | 'less' }[] = [
  { name: 'produceMbPerSecond', title: 'Produce, acks=all', unit: 'MB/s', digits: 1, better: 'more' },
  { name: 'produceP99Ms', title: 'Produce, time to acknowledge, p99', unit: 'ms', digits: 0, better: 'less' },
  { name: 'produceCpuSecondsPerGb', title: 'Produce, CPU of the server', unit: 's/GB', digits: 2, better: 'less' },
  { name: 'consumeMbPerSecond', title: 'Consume', unit: 'MB/s', digits: 1, better: 'more' },
  { name: 'consumeCpuSecondsPerGb', title: 'Consume, CPU of the server', unit: 's/GB', digits: 2, better: 'less' },
  { name: 'ackP50Microseconds', title: 'One in flight, acknowledged, p50', unit: 'µs', digits: 0, better: 'less' },
  { name: 'ackP99Microseconds', title: 'One in flight, acknowledged, p99', unit: 'µs', digits: 0, better: 'less' },
  {
    name: 'endToEndP50Microseconds',
    title: 'One in flight, at the consumer, p50',
    unit: 'µs',
    digits: 0,
    better: 'less',
  },
  {
    name: 'endToEndP99Microseconds',
    title: 'One in flight, at the consumer, p99',
    unit: 'µs',
    digits: 0,
    better: 'less',
  },
  { name: 'classicJoinMs', title: '50 members join, classic protocol', unit: 'ms', digits: 0, better: 'less' },
  { name: 'consumerJoinMs', title: '50 members join, KIP-848', unit: 'ms', digits: 0, better: 'less' },
  { name: 'commitsPerSecond', title: 'Offset commits of 16 groups', unit: '1/s', digits: 0, better: 'more' },
  {
    name: 'transactionsPerSecond',
    title: 'Transactions of one record, of 16 producers',
    unit: '1/s',
    digits: 0,
    better: 'more',
  },
  { name: 'startMs', title: 'Start on an empty directory', unit: 'ms', digits: 0, better: 'less' },
  { name: 'restartMs', title: 'Start again with the data, after a clean stop', unit: 'ms', digits: 0, better: 'less' },
  { name: 'idleRssMib', title: 'Memory, idle', unit: 'MiB', digits: 0, better: 'less' },
  { name: 'loadedRssMib', title: 'Memory, after the load', unit: 'MiB', digits: 0, better: 'less' },
]

export function markdown(run: Run): string {
  const [first, second] = run.contestants.map(({ name, version }) => `${name} ${version}`) as [string, string]
  const rows = figures.flatMap(({ name, title, unit, digits, better }) => {
    const [a, b] = run.turns.map(turns => turns.flatMap(turn => turn[name] ?? [])) as [number[], number[]]
    if (a.length === 0 || b.length === 0) return []
    const ratio = median(b) / median(a)
    const isBetter = better === 'more' ? ratio >= 1 : ratio <= 1
    return [[title, unit, cell(a, digits), cell(b, digits), `${ratio.toFixed(2)} ×`, isBetter ? 'better' : 'worse']]
  })
  const turnCount = run.turns[0].length
  return `# ${second} beside ${first}, ${run.date.slice(0, 10)}

${table([['', '', first, second, 'ratio', second.split(' ')[0]!], ...rows])}

Medians of ${turnCount} ${turnCount === 1 ? 'turn' : 'turns'}, in brackets the lowest and the highest. Ratio: ${second} to ${first}.
${run.load.records.toLocaleString('en')} records of ${run.load.recordBytes} bytes, one partition, batches of 16 KiB, linger 5 ms.
Client and server share the cores. MB are 10^6 bytes, GB 10^9.

Ottla flushes (fdatasync) before it acknowledges; Apache Kafka with its defaults acknowledges what is in the page cache.

${describe(run.machine)}
`
}

export function describe(machine: Machine): string {
  const { cores, cpu, memoryGib, kernel, fileSystem, fdatasyncMicroseconds, node, java, commit } = machine
  return [
    `Machine: ${cores} cores of ${cpu}, ${memoryGib} GiB, ${kernel}, ${fileSystem}.`,
    `Appending 16 KiB and fdatasync: ${fdatasyncMicroseconds} µs (p50).`,
    `Node ${node}; ${java}; commit ${commit}.`,
  ].join('\n')
}

function cell(numbers: number[], digits: number): string {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)].map(number => number.toFixed(digits))
  return numbers.length === 1 ? low! : `${median(numbers).toFixed(digits)} (${low} – ${high})`
}

/** Rows of equal length, the first one the header; cells padded so that it reads as plain text too. */
function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length), 3))
  const line = (cells: string[]) =>
    `| ${cells.map((text, column) => (column < 2 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n')
}
