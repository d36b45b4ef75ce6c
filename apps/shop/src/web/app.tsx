/** The page: what the shop does, live, and buttons to make its life hard. */
import { Anchor, Container, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core'
import { useCallback, useState } from 'react'
import type { Style } from '../contracts/http.ts'
import type { Placed } from './api.ts'
import { Books } from './books.tsx'
import { LagChart } from './lag-chart.tsx'
import { useLive } from './live.ts'
import { Neighbours } from './neighbours.tsx'
import { OrderForm } from './order-form.tsx'
import { OrdersTable } from './orders-table.tsx'
import { PageHeader } from './page-header.tsx'
import { ProcessCard } from './process-card.tsx'
import { Section } from './section.tsx'
import { SetAside } from './set-aside.tsx'
import { SpikePanel } from './spike-panel.tsx'
import { Timelines } from './timelines.tsx'

const processNames = ['broker', 'order', 'payment', 'inventory', 'notification'] as const

export function App() {
  const { snapshot, connected } = useLive()
  const [shown, setShown] = useState<Record<Style, Placed | null>>({
    events: null,
    rest: null,
    'rest-hardened': null,
    mixed: null,
  })
  const show = useCallback((placed: Placed) => setShown(previous => ({ ...previous, [placed.style]: placed })), [])
  const names = processNames.filter(name => name !== 'broker' || snapshot === null || snapshot.ownBroker)
  return (
    <>
      <PageHeader snapshot={snapshot} connected={connected} />
      <Container size={1280} component="main" pb="xl">
        <Stack gap="lg">
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
            <OrderForm onPlaced={show} />
            <SpikePanel spike={snapshot?.spike ?? null} />
          </SimpleGrid>
          <Timelines shown={shown} tick={snapshot?.at ?? ''} />
          <Section
            title="Processes"
            hint="Stop is polite, kill is not: a killed process comes back by itself, a stopped one waits for you."
          >
            <div className="process-grid" data-count={names.length}>
              {names.map(name => {
                const process = snapshot?.processes.find(candidate => candidate.name === name)
                return process === undefined ? (
                  <Skeleton key={name} height={346} />
                ) : (
                  <ProcessCard
                    key={name}
                    process={process}
                    brokers={snapshot?.brokers ?? ''}
                    events={snapshot?.events ?? null}
                  />
                )
              })}
            </div>
          </Section>
          <Neighbours snapshot={snapshot} />
          <SetAside snapshot={snapshot} />
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
            <Section
              title="Lag"
              hint="Events in the log that a service has not handled yet: zero when nothing is on its way."
            >
              <LagChart snapshot={snapshot} />
            </Section>
            <Books snapshot={snapshot} />
          </SimpleGrid>
          <OrdersTable orders={snapshot?.orders ?? []} onShow={show} />
          <Text size="sm" c="dimmed">
            This page uses the shop’s own API, <Anchor href="/openapi.json">described in OpenAPI</Anchor>.
          </Text>
        </Stack>
      </Container>
    </>
  )
}
