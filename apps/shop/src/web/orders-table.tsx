/** The newest orders; choosing one shows its history above. */
import { Badge, Button, Table, Text } from '@mantine/core'
import type { OrderSummary } from '../contracts/http.ts'
import type { Placed } from './api.ts'
import { euros, milliseconds, shortId } from './format.ts'
import { Section } from './section.tsx'
import { statusColor } from './timelines.tsx'

const rowsKept = 12

export function OrdersTable({ orders, onShow }: { orders: OrderSummary[]; onShow: (placed: Placed) => void }) {
  const show = (order: OrderSummary) =>
    onShow({ style: order.style, orderId: order.orderId, statusCode: 0, answeredAfterMs: 0, text: order.status })
  return (
    <Section title="Newest orders">
      <div style={{ minHeight: (rowsKept + 1) * 37, overflowX: 'auto' }}>
        <Table className="figures" verticalSpacing={4} highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Order</Table.Th>
              <Table.Th>Style</Table.Th>
              <Table.Th>Status</Table.Th>
              <Table.Th ta="right">Total</Table.Th>
              <Table.Th ta="right" visibleFrom="sm">
                Outcome after
              </Table.Th>
              <Table.Th visibleFrom="sm">Customer</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {orders.map(order => (
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
                <Table.Td>{order.style === 'rest' ? 'REST' : 'Events'}</Table.Td>
                <Table.Td>
                  <Badge
                    variant="light"
                    color={statusColor(order.status)}
                    style={{ flex: 'none', overflow: 'visible' }}
                  >
                    {order.status}
                  </Badge>
                </Table.Td>
                <Table.Td ta="right">{euros(order.total)}</Table.Td>
                <Table.Td ta="right" visibleFrom="sm">
                  {order.finalAfterMs === undefined ? '–' : milliseconds(order.finalAfterMs)}
                </Table.Td>
                <Table.Td visibleFrom="sm">{order.customerId}</Table.Td>
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
