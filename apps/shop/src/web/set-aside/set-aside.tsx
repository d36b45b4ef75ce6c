/** What was set aside and waits: parked keys and dead letters of every service, and what people decided about them. */
import { Button, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { Snapshot } from '../../stage/snapshot.ts'
import { post } from '../shell/api.ts'
import { count, eventName } from '../shell/format.ts'
import { color } from '../shell/names.ts'
import { Section } from '../shell/section.tsx'
import { ShowDialog, SkipDialog } from './dialogs.tsx'
import { useSetAside, type Waiting } from './use-set-aside.ts'
import './set-aside.css'

const rowsShown = 50

export function SetAside({ snapshot }: { snapshot: Snapshot | null }) {
  const { waiting, decisions } = useSetAside(snapshot)
  const [error, setError] = useState<string | undefined>()
  const [skipping, setSkipping] = useState<Waiting | null>(null)
  const [showing, setShowing] = useState<Waiting | null>(null)
  const parkedIn = [...new Set(waiting.filter(({ kind }) => kind === 'parked').map(({ service }) => service))]
  const retryAll = async () => {
    for (const service of parkedIn) setError(await post(`/services/${service}/parked/retry`))
  }
  return (
    <Stack gap="md">
      <Section
        title="Set aside"
        hint="An event whose reaction fails is parked; the later ones of its order wait behind it, everyone else’s flow. What can’t be read is a dead letter."
        aside={
          <Button
            size="xs"
            variant="default"
            style={{ flex: 'none' }}
            disabled={parkedIn.length === 0}
            onClick={() => void retryAll()}
          >
            Retry all parked
          </Button>
        }
      >
        <ul className="set-aside plain-list">
          {waiting.slice(0, rowsShown).map(row => (
            <Row
              key={`${row.service}/${row.id}`}
              row={row}
              onShow={() => setShowing(row)}
              onSkip={() => setSkipping(row)}
              onDone={setError}
            />
          ))}
        </ul>
        <Text size="sm" c="dimmed" mt="xs">
          {waiting.length === 0
            ? 'Nothing. Let the mail provider refuse some orders (under Services), place one, and look here.'
            : waiting.length > rowsShown
              ? `and ${count(waiting.length - rowsShown)} more`
              : ''}
        </Text>
        <Text size="sm" c="red" role="status" mih={20}>
          {error}
        </Text>
      </Section>
      <Section title="Decisions" hint="What people did about them, and why. Nothing is skipped silently.">
        <ul className="decisions plain-list">
          {decisions.map(decision => (
            <li key={`${decision.service}/${decision.at}/${decision.reference}`} className="figures">
              <time>{new Date(decision.at).toLocaleTimeString('en-GB')}</time>
              <span>
                {decision.service} {decision.action} {eventName(decision.detail)}
              </span>
            </li>
          ))}
          {decisions.length === 0 ? <li className="dim">None yet.</li> : null}
        </ul>
      </Section>
      <SkipDialog row={skipping} onClose={() => setSkipping(null)} onDone={setError} />
      <ShowDialog row={showing} onClose={() => setShowing(null)} />
    </Stack>
  )
}

function Row(props: {
  row: Waiting
  onShow: () => void
  onSkip: () => void
  onDone: (error: string | undefined) => void
}) {
  const { row, onShow, onSkip, onDone } = props
  const whose = `${row.what} of ${row.service}, ${row.subject}`
  return (
    <li>
      <span className="set-aside-what">
        <b style={{ color: color(row.service) }}>{row.service}</b> {row.what}
        <small className="figures">
          {row.subject} {row.tries === '' ? '' : `tries: ${row.tries}`}
        </small>
      </span>
      <span className="set-aside-why dim" title={row.error}>
        {row.error}
      </span>
      <span className="set-aside-buttons">
        <Button size="compact-sm" variant="subtle" color="gray" onClick={onShow} aria-label={`Show ${whose}`}>
          Show
        </Button>
        <Button
          size="compact-sm"
          variant="light"
          onClick={() => void post(row.retryPath).then(onDone)}
          aria-label={`Retry ${whose}`}
        >
          Retry
        </Button>
        <Button size="compact-sm" variant="subtle" color="gray" onClick={onSkip} aria-label={`Skip ${whose}`}>
          Skip …
        </Button>
      </span>
    </li>
  )
}
