/** Orders one by one: place one in several styles, see what each went through, look at the newest. */
import { SimpleGrid, Stack } from '@mantine/core'
import { useCallback, useState } from 'react'
import type { Style } from '../../contracts/http.ts'
import type { Snapshot } from '../../stage/snapshot.ts'
import type { Placed } from '../shell/api.ts'
import { families } from '../shell/names.ts'
import { OrderForm } from './order-form.tsx'
import { OrdersTable } from './orders-table.tsx'
import { type Shown, Timelines } from './timelines.tsx'

const styles: readonly Style[] = [...families.calls, ...families.log]

export function OrdersPart({ snapshot }: { snapshot: Snapshot | null }) {
  const [chosen, setChosen] = useState<readonly Style[]>(['rest', 'events'])
  const [shown, setShown] = useState<Shown>({})
  const show = useCallback((placed: Placed) => {
    setShown(previous => ({ ...previous, [placed.style]: placed }))
    setChosen(previous => (previous.includes(placed.style) ? previous : [...previous, placed.style]))
  }, [])
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <OrderForm styles={styles} chosen={chosen} onChoose={setChosen} onPlaced={show} />
        <OrdersTable orders={snapshot?.orders ?? []} onShow={show} />
      </SimpleGrid>
      <Timelines shown={shown} styles={styles.filter(style => chosen.includes(style))} tick={snapshot?.at ?? ''} />
    </Stack>
  )
}
