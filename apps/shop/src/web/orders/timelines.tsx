/** The same order in several styles, on one scale: who waited for whom, and when each service had reacted. */
import { SimpleGrid } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'
import type { OrderDetail, Style } from '../../contracts/http.ts'
import { type Placed, readOrder } from '../shell/api.ts'
import { styleNames } from '../shell/names.ts'
import { Section } from '../shell/section.tsx'
import { lengthMs, Timeline } from './timeline.tsx'

/** After its outcome an order still gets its last mail: keep looking for a while. */
const settledAfterMs = 5000

export type Shown = Partial<Record<Style, Placed>>

export function Timelines({ shown, styles, tick }: { shown: Shown; styles: readonly Style[]; tick: string }) {
  const [orders, setOrders] = useState<Partial<Record<Style, OrderDetail>>>({})
  const scaleMs = Math.max(
    10,
    ...styles.map(style => lengthMs(ofPlaced(orders[style], shown[style]), shown[style] ?? null)),
  )
  return (
    <Section
      title="One order, side by side"
      hint="Bars are waiting, dots are moments, all on one scale that begins when the order came in."
    >
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl" verticalSpacing="lg">
        {styles.map(style => (
          <Follow
            key={style}
            placed={shown[style]}
            tick={tick}
            onFound={order => setOrders(all => ({ ...all, [style]: order }))}
          >
            <Timeline
              title={styleNames[style]}
              order={ofPlaced(orders[style], shown[style])}
              placed={shown[style] ?? null}
              scaleMs={scaleMs}
            />
          </Follow>
        ))}
      </SimpleGrid>
    </Section>
  )
}

function ofPlaced(order: OrderDetail | undefined, placed: Placed | undefined): OrderDetail | null {
  return order !== undefined && order.orderId === placed?.orderId ? order : null
}

/** Reads the order again at each new picture of the shop, until all that it caused has happened. */
function Follow(props: {
  placed: Placed | undefined
  tick: string
  onFound: (order: OrderDetail) => void
  children: ReactNode
}) {
  const { placed, tick, onFound, children } = props
  const [settled, setSettled] = useState<string | undefined>()
  const orderId = placed?.orderId ?? undefined
  // biome-ignore lint/correctness/useExhaustiveDependencies: each tick is a reason to look again
  useEffect(() => {
    if (orderId === undefined || settled === orderId) return
    let isCurrent = true
    void readOrder(orderId).then(order => {
      if (!isCurrent || order === undefined) return
      onFound(order)
      const isFinal = order.status === 'confirmed' || order.status === 'cancelled'
      const sinceMs = Date.now() - Date.parse(order.createdAt) - (order.finalAfterMs ?? 0)
      if (isFinal && sinceMs > settledAfterMs) setSettled(orderId)
    })
    return () => {
      isCurrent = false
    }
  }, [orderId, settled, tick])
  return children
}
