/** What one order went through: bars are waiting, dots are moments, all on one scale that begins when the order came in. */
import { Group, Text } from '@mantine/core'
import type { HistoryEntry, OrderDetail } from '../../contracts/http.ts'
import type { Placed } from '../shell/api.ts'
import { milliseconds, shortId } from '../shell/format.ts'
import { color } from '../shell/names.ts'
import { Status } from './status.tsx'
import './orders.css'
import './timeline.css'

type Row = { key: string; service: string; what: string; fromMs: number; forMs: number; detail: string | undefined }

/** @param props `scaleMs`: what the whole width stands for; without it, this order's own time */
export function Timeline(props: { title: string; order: OrderDetail | null; placed: Placed | null; scaleMs?: number }) {
  const { title, order, placed } = props
  const rows = toRows(order, placed)
  const scaleMs = props.scaleMs ?? lengthMs(order, placed)
  return (
    <div>
      <Group justify="space-between" h={26} wrap="nowrap">
        <Text fw={600}>
          {title}{' '}
          <Text span size="sm" c="dimmed" className="figures">
            {order === null ? '' : shortId(order.orderId)}
          </Text>
        </Text>
        {order === null ? null : (
          <Status status={order.status} reason={order.reason} testId={`${order.style}-status`} />
        )}
      </Group>
      <ol className="timeline" aria-label={`What happened in ${title} style`}>
        {rows.map(row => (
          <li key={row.key} title={row.detail}>
            <span className="who">
              <b style={{ color: row.service === 'you' ? undefined : color(row.service) }}>{row.service}</b> {row.what}
            </span>
            <span className="track" aria-hidden="true">
              <i
                data-kind={row.service === 'you' ? 'you' : row.forMs > 0 ? 'wait' : 'moment'}
                style={{
                  left: `${(100 * row.fromMs) / scaleMs}%`,
                  width: row.forMs > 0 ? `${(100 * row.forMs) / scaleMs}%` : undefined,
                }}
              />
            </span>
            <span className="when figures">{milliseconds(row.forMs > 0 ? row.forMs : row.fromMs)}</span>
          </li>
        ))}
        {rows.length === 0 ? (
          <li className="timeline-empty">
            {placed === null ? 'Place an order, or choose one from the newest.' : placed.text}
          </li>
        ) : null}
      </ol>
    </div>
  )
}

/** How long all of it took, in milliseconds: for one scale over several orders. */
export function lengthMs(order: OrderDetail | null, placed: Placed | null): number {
  return Math.max(10, ...toRows(order, placed).map(row => row.fromMs + row.forMs))
}

function toRows(order: OrderDetail | null, placed: Placed | null): Row[] {
  if (order === null) return []
  const rows = order.history.map(
    (entry: HistoryEntry, index): Row => ({
      key: `${index}/${entry.service}/${entry.what}`,
      service: entry.service,
      what: entry.what === 'mailed' ? `mailed: ${entry.detail?.replace('order-', '')}` : entry.what,
      fromMs: entry.afterMs,
      forMs: entry.durationMs ?? 0,
      detail: entry.detail,
    }),
  )
  if (placed !== null && placed.statusCode > 0 && placed.answeredAfterMs > 0) {
    const what = `waited for ${placed.statusCode}`
    rows.unshift({ key: 'you', service: 'you', what, fromMs: 0, forMs: placed.answeredAfterMs, detail: placed.text })
  }
  return rows
}
