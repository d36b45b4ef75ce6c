/** Both ways to place an order, side by side as they run, and what they leave behind. */
import { SimpleGrid, Stack } from '@mantine/core'
import type { Snapshot } from '../../stage/snapshot.ts'
import { Books } from './books.tsx'
import { Contestant } from './contestant.tsx'
import { Groups } from './groups.tsx'
import { OrderStates } from './order-states.tsx'
import './overview.css'

export function Overview({ snapshot }: { snapshot: Snapshot | null }) {
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Contestant family="calls" snapshot={snapshot} />
        <Contestant family="log" snapshot={snapshot} />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 2, lg: 3 }} spacing="md">
        <Groups snapshot={snapshot} />
        <OrderStates snapshot={snapshot} />
        <Books snapshot={snapshot} />
      </SimpleGrid>
    </Stack>
  )
}
