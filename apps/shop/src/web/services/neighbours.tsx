/** The world outside the shop: a bank and a mail provider, and what can be wrong with them. The services see only the effects. */
import { Button, Group, Paper, Select, SimpleGrid, Stack, Switch, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { Faults, SimulatorName } from '../../contracts/simulators.ts'
import type { ProcessView, Snapshot } from '../../stage/snapshot.ts'
import { put } from '../shell/api.ts'
import { count, euros } from '../shell/format.ts'
import { Pill } from '../shell/pill.tsx'
import { Section } from '../shell/section.tsx'
import { appearance, isFaulty, type Look } from './appearance.ts'
import { ProcessButtons } from './process-buttons.tsx'

const names: readonly SimulatorName[] = ['bank', 'mail']
const none: Faults = { delayMs: 0, failPercent: 0, refusePercent: 0, hang: false }
const delays = [0, 100, 500, 2000, 5000].map(ms => ({
  value: String(ms),
  label: ms === 0 ? 'usual' : `+ ${ms / 1000} s`,
}))
const shares = [0, 10, 25, 50, 100].map(percent => ({
  value: String(percent),
  label: percent === 0 ? 'none' : `${percent} %`,
}))

export function Neighbours({ snapshot }: { snapshot: Snapshot | null }) {
  return (
    <Section
      title="Neighbours"
      hint="Failures by chance pass with a repeat. A refused order is refused each time: its events are parked, the others flow."
    >
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        {names.map(name => (
          <Neighbour key={name} name={name} process={snapshot?.processes.find(process => process.name === name)} />
        ))}
      </SimpleGrid>
    </Section>
  )
}

function Neighbour({ name, process }: { name: SimulatorName; process: ProcessView | undefined }) {
  const [error, setError] = useState<string | undefined>()
  const faults = process?.simulator?.faults ?? none
  const isUp = process?.state === 'running' && process.answering
  const set = (changed: Partial<Faults>) =>
    void put(`/stage/simulators/${name}/faults`, { ...faults, ...changed }).then(setError)
  const look = process === undefined ? ({ text: '…', color: 'gray' } satisfies Look) : appearance(process, true)
  return (
    <Paper withBorder p="md" component="article" aria-label={name}>
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Title order={3} size="h5" tt="capitalize">
            {name}
          </Title>
          <Text size="sm" c="dimmed" className="figures truncated" flex={1} ta="right">
            {book(process)}
          </Text>
          <Pill color={look.color} testId={`${name}-state`}>
            {look.text}
          </Pill>
        </Group>
        <SimpleGrid cols={3} spacing="xs">
          <Choice
            name={name}
            label="Answers take"
            data={delays}
            value={faults.delayMs}
            disabled={!isUp}
            onPick={delayMs => set({ delayMs })}
          />
          <Choice
            name={name}
            label="Calls that fail"
            data={shares}
            value={faults.failPercent}
            disabled={!isUp}
            onPick={failPercent => set({ failPercent })}
          />
          <Choice
            name={name}
            label="Orders refused"
            data={shares}
            value={faults.refusePercent}
            disabled={!isUp}
            onPick={refusePercent => set({ refusePercent })}
          />
        </SimpleGrid>
        <Group justify="space-between" gap="sm">
          <Switch
            label="Does not answer"
            aria-label={`${name}: does not answer`}
            checked={faults.hang}
            disabled={!isUp}
            onChange={event => set({ hang: event.currentTarget.checked })}
          />
          <Button
            size="compact-sm"
            variant="subtle"
            disabled={!isUp || process === undefined || !isFaulty(process)}
            onClick={() => set(none)}
            aria-label={`Mend ${name}`}
          >
            Mend
          </Button>
        </Group>
        {process === undefined ? null : <ProcessButtons process={process} onError={setError} />}
        {error === undefined ? null : (
          <Text size="xs" c="red" role="alert">
            {error}
          </Text>
        )}
      </Stack>
    </Paper>
  )
}

function Choice(props: {
  name: string
  label: string
  data: { value: string; label: string }[]
  value: number
  disabled: boolean
  onPick: (value: number) => void
}) {
  const { name, label, data, value, disabled, onPick } = props
  return (
    <Select
      size="xs"
      label={label}
      aria-label={`${name}: ${label.toLowerCase()}`}
      data={data}
      value={String(value)}
      disabled={disabled}
      allowDeselect={false}
      onChange={picked => picked !== null && onPick(Number(picked))}
    />
  )
}

function book(process: ProcessView | undefined): string {
  const books = process?.simulator?.books
  if (books === undefined) return ''
  if (books.delivered !== undefined) return `${count(books.delivered)} mails delivered`
  return `${euros(books.balance ?? 0)} held, ${count(books.refunds ?? 0)} refunds`
}
