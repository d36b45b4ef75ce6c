/** Two minutes of one style: how long customers waited, and how many were answered. */
import type { Style } from '../../contracts/http.ts'
import { stream } from '../live/stream.ts'
import { Chart } from '../shell/chart.tsx'
import { styleNames } from '../shell/names.ts'

export function LatencyChart({ style }: { style: Style }) {
  return (
    <div>
      <ul className="legend plain-list">
        <li>
          <i className="legend-mark" style={{ background: `var(--shop-${style})` }} /> median
        </li>
        <li>
          <i className="legend-mark legend-dashed" style={{ color: `var(--shop-${style})` }} /> 99 %
        </li>
        <li>
          <i className="legend-mark" style={{ background: 'var(--shop-other)', opacity: 0.4 }} /> answered a second
        </li>
      </ul>
      <Chart
        label={`${styleNames[style]}: latency and answers a second over the last two minutes`}
        height={150}
        lines={[
          { name: 'answered', color: 'other', fill: true, scale: 'right' },
          { name: 'median', color: style },
          { name: '99 %', color: style, dash: [5, 4] },
        ]}
        data={() => {
          const { points } = stream
          const crowds = points.map(point => point.crowds[style])
          return [
            points.map(({ at }) => at),
            crowds.map(({ accepted, stored, declined }) => accepted + stored + declined),
            crowds.map(({ p50Ms }) => p50Ms),
            crowds.map(({ p99Ms }) => p99Ms),
          ]
        }}
        subscribe={stream.onPoints}
        write={value => (value >= 1000 ? `${value / 1000} s` : `${value} ms`)}
        logarithmic
        atLeast={100}
      />
    </div>
  )
}
