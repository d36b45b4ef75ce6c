/** The newest orders; choosing one shows its history below. */
import { Button, Table, Text } from '@mantine/core'
import type { OrderSummary } from '../../contracts/http.ts'
import type { Placed } from '../shell/api.ts'
import { euros, milliseconds, shortId } from '../shell/format.ts'
import { styleNames } from '../shell/names.ts'
import { Section } from '../shell/section.tsx'
import { Status } from './status.tsx'
import './orders.css'

const rowsKept = 9

export function OrdersTable({ orders, onShow }: { orders: OrderSummary[]; onShow: (placed: Placed) => void }) {
  const show = (order: OrderSummary) =>
    onShow({ style: order.style, orderId: order.orderId, statusCode: 0, answeredAfterMs: 0, text: order.status })
  return (
    <Section title="Newest orders" hint="Choose one to see what it went through.">
      <div style={{ minHeight: (rowsKept + 1) * 37, overflowX: 'auto' }}>
        <Table className="figures orders-table" verticalSpacing={4} highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Order</Table.Th>
              <Table.Th>Style</Table.Th>
              <Table.Th>Status</Table.Th>
              <Table.Th ta="right">Total</Table.Th>
              <Table.Th ta="right" visibleFrom="sm">
                Outcome after
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {orders.slice(0, rowsKept).map(order => (
              <Table.Tr key={order.orderId}>
                <Table.Td>
                  <Button
                    variant="subtle"
                    size="compact-sm"
                    onClick={() => show(order)}
                    aria-label={`Show order ${shortId(order.orderId)}`}
                  >
                    {shortId(order.orderId)}
                  </Button>
                </Table.Td>
                <Table.Td>{styleNames[order.style]}</Table.Td>
                <Table.Td>
                  <Status status={order.status} />
                </Table.Td>
                <Table.Td ta="right">{euros(order.total)}</Table.Td>
                <Table.Td ta="right" visibleFrom="sm">
                  {order.finalAfterMs === undefined ? '–' : milliseconds(order.finalAfterMs)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {orders.length === 0 ? (
          <Text size="sm" c="dimmed" p="sm">
            None yet.
          </Text>
        ) : null}
      </div>
    </Section>
  )
}
