/** The topic `orders` whole: offsets in partitions, who has read how far, one event with its trace, and a group moved back. */
import { Drawer, SegmentedControl, Switch, Text } from '@mantine/core'
import { useState } from 'react'
import type { Snapshot } from '../../stage/snapshot.ts'
import { useRecords } from '../live/live.ts'
import { partitionNumbers } from '../shell/names.ts'
import { Section } from '../shell/section.tsx'
import { useWidth } from '../shell/use-width.ts'
import { EventCard } from './event-card.tsx'
import { GroupTable } from './group-table.tsx'
import { Strip } from './strip.tsx'

const topic = 'orders'

export type Place = { partition: number; offset: number }

export function LogPart({ snapshot }: { snapshot: Snapshot | null }) {
  const live = useRecords()
  const [held, setHeld] = useState<typeof live | undefined>()
  const [selected, setSelected] = useState<Place | undefined>()
  const [measured, width] = useWidth()
  const [cellPx, setCellPx] = useState('44')
  const records = held ?? live
  const cells = Math.max(5, Math.floor((width - 40) / Number(cellPx)))
  const partitions = snapshot?.log?.topics.find(candidate => candidate.topic === topic)?.partitions ?? []
  const groups = (snapshot?.log?.groups ?? []).filter(({ positions }) => positions.some(at => at.topic === topic))
  // Who looks at an offset needs it to stay where it is.
  const open = (place: Place) => {
    setSelected(place)
    setHeld(previous => previous ?? live)
  }
  return (
    <div className="log-part">
      <Section
        title="Topic orders"
        hint="A key always goes to the same partition, so an order’s events keep their order. Nothing is taken out by reading."
        aside={
          <div className="log-tools">
            <SegmentedControl
              size="xs"
              aria-label="Size of an offset"
              data={[
                { value: '44', label: 'Few' },
                { value: '30', label: 'More' },
              ]}
              value={cellPx}
              onChange={setCellPx}
            />
            <Switch
              size="sm"
              label="Hold"
              aria-label="Hold the picture still"
              checked={held !== undefined}
              onChange={event => setHeld(event.currentTarget.checked ? live : undefined)}
            />
          </div>
        }
      >
        <ul className="legend plain-list" aria-label="Kinds of events">
          {(['created', 'confirmed', 'cancelled'] as const).map(kind => (
            <li key={kind}>
              <i className="legend-mark legend-cell" style={{ background: `var(--shop-${kind})` }} /> {kind}
            </li>
          ))}
          <li>
            <i className="legend-mark legend-cell legend-next" /> the next offset
          </li>
        </ul>
        <div ref={measured} className="strips strips-large">
          {partitionNumbers.map(partition => (
            <Strip
              key={partition}
              topic={topic}
              partition={partition}
              end={held === undefined ? (partitions[partition]?.end ?? 0) : 0}
              records={records[partition] ?? []}
              groups={groups}
              cells={cells}
              onOpen={offset => open({ partition, offset })}
              selected={selected?.partition === partition ? selected.offset : undefined}
            />
          ))}
        </div>
        <Text size="xs" c="dimmed" mt="xs">
          Choose an offset to see its event. The coloured lines beneath a partition stand at the offset that each group
          reads next.
        </Text>
      </Section>
      <GroupTable snapshot={snapshot} topic={topic} />
      <Drawer
        opened={selected !== undefined}
        onClose={() => setSelected(undefined)}
        position="right"
        size="lg"
        title={selected === undefined ? '' : `orders/${selected.partition}@${selected.offset}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {selected === undefined ? null : (
          <EventCard key={`${selected.partition}@${selected.offset}`} topic={topic} place={selected} groups={groups} />
        )}
      </Drawer>
    </div>
  )
}
