/** Moves a group to an offset: its service stops, and goes on from there. */
import { Button, Group, Popover, Text } from '@mantine/core'
import { useState } from 'react'
import { post } from '../shell/api.ts'
import type { Place } from './log-part.tsx'

/** @param props without `place`, all partitions go back to the beginning */
export function MoveGroup(props: { group: string; topic: string; place?: Place }) {
  const { group, topic, place } = props
  const [opened, setOpened] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | undefined>()
  const move = async () => {
    setBusy(true)
    const wrong = await post(`/stage/groups/${group}/move`, {
      topic,
      offset: place?.offset ?? 0,
      ...(place === undefined ? {} : { partition: place.partition }),
    })
    setBusy(false)
    setError(wrong)
    if (wrong === undefined) setOpened(false)
  }
  const where = place === undefined ? 'the beginning' : `offset ${place.offset} of partition ${place.partition}`
  const label = place === undefined ? 'Read all again' : 'Read from here'
  return (
    <Popover opened={opened} onChange={setOpened} width={280} position="bottom-end" withArrow shadow="md" trapFocus>
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => setOpened(!opened)}
          aria-label={`${label}, ${group}`}
        >
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="sm">
          {group} stops, its group is set to {where}, and it reads again from there. What it has done before it
          recognises: no money moves twice, and no mail goes out twice.
        </Text>
        {error === undefined ? null : (
          <Text size="sm" c="red" role="alert" mt="xs">
            {error}
          </Text>
        )}
        <Group mt="sm" gap="xs">
          <Button size="xs" loading={busy} onClick={() => void move()}>
            Move {group}
          </Button>
          <Button size="xs" variant="subtle" onClick={() => setOpened(false)}>
            Leave it
          </Button>
        </Group>
      </Popover.Dropdown>
    </Popover>
  )
}
