/** The same order in two styles, on one scale: who waited for whom, and when each service had reacted. */
import { Badge, Group, SimpleGrid, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { HistoryEntry, OrderDetail, Style } from '../contracts/http.ts'
import { type Placed, readOrder } from './api.ts'
import { milliseconds, shortId } from './format.ts'
import { Section } from './section.tsx'

/** After its outcome an order still gets its last mail: keep looking for a while. */
const settledAfterMs = 5000

type Row = { key: string; service: string; what: string; fromMs: number; forMs: number; detail: string | undefined }

export function Timelines({ shown, tick }: { shown: Record<Style, Placed | null>; tick: string }) {
  const events = useOrder(shown.events, tick)
  const rest = useOrder(shown.rest, tick)
  const rows = { events: toRows(events, shown.events), rest: toRows(rest, shown.rest) }
  const scaleMs = Math.max(10, ...[...rows.events, ...rows.rest].map(row => row.fromMs + row.forMs))
  return (
    <Section
      title="One order, two styles"
      hint="Bars are waiting, dots are moments, both on one scale that begins when the order came in."
    >
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
        <Timeline title="Events" order={events} placed={shown.events} rows={rows.events} scaleMs={scaleMs} />
        <Timeline title="REST" order={rest} placed={shown.rest} rows={rows.rest} scaleMs={scaleMs} />
      </SimpleGrid>
    </Section>
  )
}

function Timeline(props: {
  title: string
  order: OrderDetail | null
  placed: Placed | null
  rows: Row[]
  scaleMs: number
}) {
  const { title, order, placed, rows, scaleMs } = props
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
          <Badge variant="light" color={statusColor(order.status)} data-testid={`${order.style}-status`}>
            {order.status}
            {order.reason === undefined ? '' : `: ${order.reason}`}
          </Badge>
        )}
      </Group>
      <ol className="timeline" aria-label={`What happened in ${title} style`}>
        {rows.map(row => (
          <li key={row.key} title={row.detail}>
            <span className="who">
              <b>{row.service}</b> {row.what}
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
          <Text size="sm" c="dimmed" pt="xs">
            {placed === null ? 'Place an order, or choose one from the list below.' : placed.text}
          </Text>
        ) : null}
      </ol>
    </div>
  )
}

/** Reads the order again at each new picture of the shop, until all that it caused has happened. */
function useOrder(placed: Placed | null, tick: string): OrderDetail | null {
  const [order, setOrder] = useState<OrderDetail | null>(null)
  const orderId = placed?.orderId ?? null
  const current = order?.orderId === orderId ? order : null
  const isSettled =
    current !== null &&
    (current.status === 'confirmed' || current.status === 'cancelled') &&
    Date.now() - Date.parse(current.createdAt) - (current.finalAfterMs ?? 0) > settledAfterMs
  // biome-ignore lint/correctness/useExhaustiveDependencies: each tick is a reason to look again
  useEffect(() => {
    if (orderId === null || isSettled) return
    let isCurrent = true
    void readOrder(orderId).then(found => {
      if (isCurrent && found !== undefined) setOrder(found)
    })
    return () => {
      isCurrent = false
    }
  }, [orderId, isSettled, tick])
  return current
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

export function statusColor(status: string): string {
  return { confirmed: 'teal', cancelled: 'red', pending: 'blue', stored: 'gray' }[status] ?? 'gray'
}
