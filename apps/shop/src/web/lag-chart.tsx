/** The lag of each service over the last minutes. */
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import type { Snapshot } from '../stage/snapshot.ts'

const height = 230
const samplesKept = 240
const series = [
  { name: 'order', light: '#1971c2', dark: '#74c0fc' },
  { name: 'payment', light: '#e8590c', dark: '#ffa94d' },
  { name: 'inventory', light: '#2f9e44', dark: '#8ce99a' },
  { name: 'notification', light: '#9c36b5', dark: '#e599f7' },
] as const

type Columns = [number[], ...(number | null)[][]]

export function LagChart({ snapshot }: { snapshot: Snapshot | null }) {
  const holder = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const columns = useRef<Columns>([[], [], [], [], []])
  const scheme = useComputedColorScheme('light')

  useEffect(() => {
    if (holder.current === null) return
    const element = holder.current
    plot.current = new uPlot(options(scheme, element.clientWidth), columns.current as uPlot.AlignedData, element)
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      plot.current?.destroy()
      plot.current = null
    }
  }, [scheme])

  useEffect(() => {
    if (snapshot === null) return
    const [times, ...lags] = columns.current
    times.push(Date.parse(snapshot.at) / 1000)
    for (const [index, { name }] of series.entries()) {
      lags[index]?.push(snapshot.processes.find(process => process.name === name)?.lag ?? null)
    }
    if (times.length > samplesKept) for (const column of columns.current) column.shift()
    plot.current?.setData(columns.current as uPlot.AlignedData)
  }, [snapshot])

  return (
    <>
      <div ref={holder} style={{ height, overflow: 'hidden' }} role="img" aria-label="Lag of each service over time" />
      <ul className="legend">
        {series.map(line => (
          <li key={line.name}>
            <i style={{ background: line[scheme] }} /> {line.name}
          </li>
        ))}
      </ul>
    </>
  )
}

function options(scheme: 'light' | 'dark', width: number): uPlot.Options {
  const ink = scheme === 'dark' ? '#c1c2c5' : '#495057'
  const grid = { stroke: scheme === 'dark' ? '#373a40' : '#e9ecef', width: 1 }
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(10, (max ?? 0) * 1.1)] } },
    axes: [
      { stroke: ink, grid, ticks: grid, space: 90, values: (_plot, times) => times.map(clockTime) },
      { stroke: ink, grid, ticks: grid, size: 52 },
    ],
    series: [
      {},
      ...series.map(line => ({ label: line.name, stroke: line[scheme], width: 2, points: { show: false } })),
    ],
  }
}

function clockTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString('en-GB')
}
