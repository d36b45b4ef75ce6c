/** Totals and the auditor's checks: does the money, and does the stock, add up across services that never compare notes? */
import { Group, Stack, Table, Text } from '@mantine/core'
import type { Check, Snapshot } from '../stage/snapshot.ts'
import { count, euros } from './format.ts'
import { Section } from './section.tsx'

const checksKept = 6

export function Books({ snapshot }: { snapshot: Snapshot | null }) {
  const books = snapshot?.processes.find(process => process.name === 'order')?.status?.books ?? {}
  const value = (name: string) => books[name] ?? 0
  const state = snapshot === null ? '' : snapshot.atRest ? 'at rest' : 'events on their way'
  return (
    <Section
      title="Books"
      hint="Compared across the services’ databases and the bank’s."
      aside={
        <Text size="sm" c="dimmed" role="status" style={{ whiteSpace: 'nowrap' }}>
          {state}
        </Text>
      }
    >
      <Table className="figures" verticalSpacing={4} horizontalSpacing={6} mb="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Orders</Table.Th>
            <Table.Th ta="right">pending</Table.Th>
            <Table.Th ta="right">confirmed</Table.Th>
            <Table.Th ta="right">cancelled</Table.Th>
            <Table.Th ta="right" visibleFrom="xs">
              worth
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {(['events', 'rest'] as const).map(style => (
            <Table.Tr key={style}>
              <Table.Td>{style === 'rest' ? 'REST' : 'Events'}</Table.Td>
              <Table.Td ta="right">{count(value(`${style}.pending`))}</Table.Td>
              <Table.Td ta="right" data-testid={`${style}-confirmed`}>
                {count(value(`${style}.confirmed`))}
              </Table.Td>
              <Table.Td ta="right">{count(value(`${style}.cancelled`))}</Table.Td>
              <Table.Td ta="right" visibleFrom="xs">
                {euros(value(`${style}.confirmed.total`))}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Stack gap={6} mih={checksKept * 42} component="ul" className="checks">
        {(snapshot?.checks ?? []).map(check => (
          <CheckRow key={check.name} check={check} />
        ))}
      </Stack>
    </Section>
  )
}

function CheckRow({ check }: { check: Check }) {
  const look =
    check.ok === null
      ? { mark: '…', color: 'dimmed', word: 'not settled' }
      : check.ok
        ? { mark: '✓', color: 'teal', word: 'true' }
        : { mark: '✗', color: 'red', word: 'wrong' }
  return (
    <Group component="li" gap="sm" wrap="nowrap" align="flex-start">
      <Text c={look.color} fw={700} w={16} role="img" aria-label={look.word}>
        {look.mark}
      </Text>
      <div>
        <Text size="sm">{check.name}</Text>
        <Text size="xs" c="dimmed" className="figures">
          {check.detail}
        </Text>
      </div>
    </Group>
  )
}
