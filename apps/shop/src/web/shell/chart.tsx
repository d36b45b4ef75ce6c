/**
 * A chart over the last minutes (uPlot). It draws on a canvas whenever the data change and never makes React render, so
 * charts that move cost the page nothing else. The figures are also in the text beside each chart.
 */
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'

export type ChartLine = {
  name: string
  /** The name of a colour in shop.css. */
  color: string
  dash?: number[]
  fill?: boolean
  scale?: 'y' | 'right'
}

export type ChartProps = {
  label: string
  height: number
  lines: readonly ChartLine[]
  /** Times in seconds, then one column for each line. */
  data: () => (number | null)[][]
  subscribe: (listener: () => void) => () => void
  /** How a value of the left axis is written. */
  write: (value: number) => string
  logarithmic?: boolean
  /** The top of the left axis is never lower: so that noise does not look like news. */
  atLeast?: number
}

const shownSeconds = 120

export function Chart(props: ChartProps) {
  const { label, height } = props
  const holder = useRef<HTMLDivElement>(null)
  const latest = useRef(props)
  latest.current = props
  const scheme = useComputedColorScheme('light')
  const shape = JSON.stringify(props.lines)

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours and lines are what a plot is built from
  useEffect(() => {
    const element = holder.current
    if (element === null) return
    const plot = new uPlot(options(latest.current, element), latest.current.data() as uPlot.AlignedData, element)
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    const unsubscribe = latest.current.subscribe(() => plot.setData(latest.current.data() as uPlot.AlignedData))
    return () => {
      unsubscribe()
      observer.disconnect()
      plot.destroy()
    }
  }, [scheme, height, shape])

  return <div ref={holder} className="chart" style={{ height }} role="img" aria-label={label} />
}

function options(props: ChartProps, element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element)
  const ink = (name: string) => style.getPropertyValue(`--shop-${name}`).trim()
  const text = style.getPropertyValue('--mantine-color-dimmed').trim()
  const grid = { stroke: ink('quiet'), width: 1 }
  const font = '11px system-ui, sans-serif'
  const { atLeast = 1, logarithmic = false, write, lines, height } = props
  const hasRight = lines.some(line => line.scale === 'right')
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { show: false },
    padding: [6, hasRight ? 0 : 8, 0, 0],
    scales: {
      x: { range: (_plot, _min, max) => [(max ?? 0) - shownSeconds, max ?? 0] },
      y: logarithmic
        ? { distr: 3, range: (_plot, _min, max) => [1, Math.max(atLeast, (max ?? 0) * 1.3)] }
        : { range: (_plot, _min, max) => [0, Math.max(atLeast, (max ?? 0) * 1.15)] },
      right: { range: (_plot, _min, max) => [0, Math.max(5, (max ?? 0) * 1.15)] },
    },
    axes: [
      {
        stroke: text,
        grid,
        ticks: { show: false },
        font,
        space: 70,
        size: 22,
        values: (_plot, at) => at.map(clockTime),
      },
      {
        stroke: text,
        grid,
        ticks: { show: false },
        font,
        size: 54,
        space: 26,
        values: (_plot, values) => values.map(value => (value === null ? '' : write(value))),
        ...(logarithmic ? { filter: powersOfTen } : {}),
      },
      ...(hasRight
        ? [
            {
              scale: 'right',
              side: 1 as const,
              stroke: text,
              grid: { show: false },
              ticks: { show: false },
              font,
              size: 40,
            },
          ]
        : []),
    ],
    series: [
      {},
      ...lines.map(line => ({
        label: line.name,
        scale: line.scale ?? 'y',
        stroke: ink(line.color),
        width: line.fill ? 1 : 2,
        ...(line.dash === undefined ? {} : { dash: line.dash }),
        ...(line.fill ? { fill: `${ink(line.color)}26` } : {}),
        points: { show: false },
        spanGaps: false,
      })),
    ],
  }
}

function powersOfTen(_plot: uPlot, splits: number[]): (number | null)[] {
  return splits.map(value => (Number.isInteger(Math.round(Math.log10(value) * 1e6) / 1e6) ? value : null))
}

function clockTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString('en-GB')
}
