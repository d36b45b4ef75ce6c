/** Many orders at once, and what became of them. */
import { Button, Group, NumberInput, Progress, SegmentedControl, SimpleGrid, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { Style } from '../contracts/http.ts'
import type { SpikeView } from '../stage/snapshot.ts'
import { post } from './api.ts'
import { count, milliseconds } from './format.ts'
import { Section } from './section.tsx'

export function SpikePanel({ spike }: { spike: SpikeView | null }) {
  const [style, setStyle] = useState<Style>('events')
  const [orders, setOrders] = useState(500)
  const [error, setError] = useState<string | undefined>()
  const running = spike?.running === true
  const answered = spike === null ? 0 : spike.accepted + spike.stored + spike.failed
  const done = spike === null ? 0 : (100 * answered) / spike.total
  return (
    <Section title="Spike" hint="32 customers at once; nobody tries twice. Kill something in the middle.">
      <form
        onSubmit={event => {
          event.preventDefault()
          void post('/stage/spike', { style, orders }).then(setError)
        }}
      >
        <Stack gap="sm">
          <Group gap="sm" align="flex-end">
            <NumberInput
              label="Orders"
              flex="1 1 100px"
              min={1}
              max={20_000}
              allowDecimal={false}
              thousandSeparator=","
              value={orders}
              onChange={value => setOrders(Number(value) || 1)}
            />
            <SegmentedControl
              aria-label="Style of the spike"
              data={[
                { value: 'events', label: 'Events' },
                { value: 'rest', label: 'REST' },
              ]}
              value={style}
              onChange={value => setStyle(value as Style)}
            />
            <Button type="submit" loading={running}>
              Start
            </Button>
          </Group>
          <Progress value={done} aria-label="Orders answered" size="sm" transitionDuration={200} />
          <SimpleGrid cols={{ base: 3, xs: 6 }} spacing="xs" verticalSpacing={4}>
            <Figure label="answered" value={spike === null ? '–' : `${count(answered)}`} />
            <Figure label="accepted" value={spike === null ? '–' : count(spike.accepted)} />
            <Figure label="kept (202)" value={spike === null ? '–' : count(spike.stored)} />
            <Figure
              label="failed"
              value={spike === null ? '–' : count(spike.failed)}
              alarm={(spike?.failed ?? 0) > 0}
            />
            <Figure label="median" value={spike === null ? '–' : milliseconds(spike.p50Ms)} />
            <Figure label="99 %" value={spike === null ? '–' : milliseconds(spike.p99Ms)} />
          </SimpleGrid>
          <Text size="sm" c={error === undefined ? 'dimmed' : 'red'} role="status" mih={20}>
            {error ??
              (spike === null ? '' : `${spike.style === 'rest' ? 'REST' : 'Events'}, ${milliseconds(spike.elapsedMs)}`)}
          </Text>
        </Stack>
      </form>
    </Section>
  )
}

function Figure({ label, value, alarm = false }: { label: string; value: string; alarm?: boolean }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fw={600} className="figures" c={alarm ? 'red' : undefined}>
        {value}
      </Text>
    </div>
  )
}
