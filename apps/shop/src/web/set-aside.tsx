/** What was set aside and waits: parked keys and dead letters of every service, and what people decided about them. */
import { Button, Group, Modal, Stack, Table, Text, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { DeadLetterView, DecisionView, ParkedKeyView } from '../contracts/operations.ts'
import type { Snapshot } from '../stage/snapshot.ts'
import { post, read } from './api.ts'
import { count, eventName, shortId } from './format.ts'
import { Section } from './section.tsx'

/** A line of the table, whichever of the two it is. */
type Waiting = {
  service: string
  id: string
  what: string
  subject: string
  error: string
  facts: string
  retryPath: string
  skipPath: string
}
type Decided = DecisionView & { service: string }

const rowsShown = 8
const decisionsShown = 4

export function SetAside({ snapshot }: { snapshot: Snapshot | null }) {
  const { waiting, decisions } = useSetAside(snapshot)
  const [error, setError] = useState<string | undefined>()
  const [skipping, setSkipping] = useState<Waiting | null>(null)
  const parkedIn = [...new Set(waiting.filter(row => row.retryPath.includes('/parked/')).map(row => row.service))]
  const retryAll = async () => {
    for (const service of parkedIn) setError(await post(`/services/${service}/parked/retry`))
  }
  return (
    <Section
      title="Set aside"
      hint="An event whose reaction fails is parked, and the later ones of its order wait behind it. What can’t be read is a dead letter."
      aside={
        <Button
          size="compact-sm"
          variant="default"
          style={{ flex: 'none' }}
          disabled={parkedIn.length === 0}
          onClick={() => void retryAll()}
        >
          Retry all parked
        </Button>
      }
    >
      <div style={{ minHeight: 132, overflowX: 'auto' }}>
        {waiting.length === 0 ? (
          <Text size="sm" c="dimmed">
            Nothing. Let the mail provider refuse some orders, place one, and look here.
          </Text>
        ) : (
          <Table className="figures" verticalSpacing={4} horizontalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Service</Table.Th>
                <Table.Th>Event</Table.Th>
                <Table.Th>Order</Table.Th>
                <Table.Th visibleFrom="sm">Why</Table.Th>
                <Table.Th visibleFrom="md">Tries</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {waiting.slice(0, rowsShown).map(row => (
                <Table.Tr key={`${row.service}/${row.id}`}>
                  <Table.Td tt="capitalize">{row.service}</Table.Td>
                  <Table.Td>{row.what}</Table.Td>
                  <Table.Td>{row.subject}</Table.Td>
                  <Table.Td visibleFrom="sm" maw={360}>
                    <Text size="sm" truncate title={row.error}>
                      {row.error}
                    </Text>
                  </Table.Td>
                  <Table.Td visibleFrom="md">{row.facts}</Table.Td>
                  <Table.Td>
                    <Group gap={4} justify="flex-end" className="row-buttons">
                      <Button
                        size="compact-sm"
                        variant="light"
                        onClick={() => void post(row.retryPath).then(setError)}
                        aria-label={`Retry ${row.what} of ${row.service}, ${row.subject}`}
                      >
                        Retry
                      </Button>
                      <Button
                        size="compact-sm"
                        variant="subtle"
                        color="gray"
                        onClick={() => setSkipping(row)}
                        aria-label={`Skip ${row.what} of ${row.service}, ${row.subject}`}
                      >
                        Skip …
                      </Button>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        {waiting.length > rowsShown ? (
          <Text size="sm" c="dimmed" mt={4}>
            and {count(waiting.length - rowsShown)} more
          </Text>
        ) : null}
      </div>
      <Text size="sm" c="red" role="status" mih={20}>
        {error}
      </Text>
      <Stack gap={2} component="ul" className="checks" aria-label="Decisions">
        {decisions.map(decision => (
          <Text
            component="li"
            size="xs"
            c="dimmed"
            key={`${decision.service}/${decision.at}/${decision.reference}`}
            truncate
          >
            {new Date(decision.at).toLocaleTimeString('en-GB')} {decision.service} {decision.action}{' '}
            {eventName(decision.detail)}
          </Text>
        ))}
      </Stack>
      <SkipDialog row={skipping} onClose={() => setSkipping(null)} onDone={setError} />
    </Section>
  )
}

function SkipDialog({
  row,
  onClose,
  onDone,
}: {
  row: Waiting | null
  onClose: () => void
  onDone: (error: string | undefined) => void
}) {
  const [reason, setReason] = useState('')
  const skip = () => {
    if (row === null) return
    void post(row.skipPath, { reason }).then(onDone)
    setReason('')
    onClose()
  }
  return (
    <Modal opened={row !== null} onClose={onClose} title={`Skip ${row?.what ?? ''} of ${row?.service ?? ''}`} centered>
      <form
        onSubmit={event => {
          event.preventDefault()
          skip()
        }}
      >
        <Stack gap="sm">
          <Text size="sm">It will never have its effect. The events behind it go on. The reason is kept.</Text>
          <TextInput
            label="Reason"
            required
            data-autofocus
            maxLength={500}
            value={reason}
            onChange={event => setReason(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep it
            </Button>
            <Button type="submit" color="red" disabled={reason.trim() === ''}>
              Skip it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** Asked again whenever a service says that it has something set aside, and once more when it says that it has nothing left. */
function useSetAside(snapshot: Snapshot | null): { waiting: Waiting[]; decisions: Decided[] } {
  const [found, setFound] = useState<{ waiting: Waiting[]; decisions: Decided[] }>({ waiting: [], decisions: [] })
  const services = (snapshot?.processes ?? []).filter(process => process.status !== null)
  const names = services.map(process => process.name).join()
  const figures = services.map(({ status }) => Object.values(status?.setAside ?? {}).join('/')).join()
  const isEmpty = !/[1-9]/.test(figures)
  // While something waits, its tries go on: look each time that the picture is new.
  const tick = isEmpty ? figures : (snapshot?.at ?? '')
  // biome-ignore lint/correctness/useExhaustiveDependencies: each tick is a reason to look again
  useEffect(() => {
    if (names === '') return
    let isCurrent = true
    void Promise.all(names.split(',').map(readService)).then(parts => {
      if (!isCurrent) return
      const decisions = parts.flatMap(part => part.decisions).sort((a, b) => b.at.localeCompare(a.at))
      setFound({ waiting: parts.flatMap(part => part.waiting), decisions: decisions.slice(0, decisionsShown) })
    })
    return () => {
      isCurrent = false
    }
  }, [names, tick])
  return found
}

async function readService(service: string): Promise<{ waiting: Waiting[]; decisions: Decided[] }> {
  const base = `/services/${service}`
  const [parked, dead, decided] = await Promise.all([
    read<{ keys: ParkedKeyView[] }>(`${base}/parked`),
    read<{ letters: DeadLetterView[] }>(`${base}/dead-letters`),
    read<{ decisions: DecisionView[] }>(`${base}/decisions?limit=${decisionsShown}`),
  ])
  const keys = (parked?.keys ?? []).map(({ first, waiting }) => ({
    service,
    id: first.eventId,
    what: eventName(first.type),
    subject: shortId(first.subject),
    error: first.error ?? '',
    facts: `${first.attempts}${waiting > 0 ? `, ${waiting} behind it` : ''}`,
    retryPath: `${base}/parked/keys/${encodeURIComponent(first.subject)}/retry`,
    skipPath: `${base}/parked/${encodeURIComponent(first.eventId)}/skip`,
  }))
  const letters = (dead?.letters ?? []).map(letter => ({
    service,
    id: letter.id,
    what: 'dead letter',
    subject: letter.position,
    error: letter.error,
    facts: '',
    retryPath: `${base}/dead-letters/${encodeURIComponent(letter.id)}/retry`,
    skipPath: `${base}/dead-letters/${encodeURIComponent(letter.id)}/skip`,
  }))
  return {
    waiting: [...keys, ...letters],
    decisions: (decided?.decisions ?? []).map(decision => ({ ...decision, service })),
  }
}
