/** Every process with its buttons, and the neighbours outside the shop with all that can be wrong with them. */
import { Skeleton, Stack } from '@mantine/core'
import type { Snapshot } from '../../stage/snapshot.ts'
import { Neighbours } from './neighbours.tsx'
import { ProcessCard } from './process-card.tsx'
import './services.css'

export function ServicesPart({ snapshot }: { snapshot: Snapshot | null }) {
  const shown = (snapshot?.processes ?? []).filter(({ name }) => name !== 'bank' && name !== 'mail')
  return (
    <Stack gap="md">
      <h2 className="visually-hidden">Services</h2>
      <div className="process-grid">
        {snapshot === null
          ? [1, 2, 3, 4, 5].map(place => <Skeleton key={place} height={346} />)
          : shown.map(process => (
              <ProcessCard key={process.name} process={process} brokers={snapshot.brokers} events={snapshot.events} />
            ))}
      </div>
      <Neighbours snapshot={snapshot} />
    </Stack>
  )
}
