/** One process: how it is, what it has done, and its buttons. Every line is always there, so nothing jumps. */
import { Group, Text, Title, Tooltip } from '@mantine/core'
import { useState } from 'react'
import type { ProcessView } from '../../stage/snapshot.ts'
import { count, duration, eventName, shortId } from '../shell/format.ts'
import { color } from '../shell/names.ts'
import { Pill } from '../shell/pill.tsx'
import { appearance } from './appearance.ts'
import { ProcessButtons } from './process-buttons.tsx'

const eventsShown = 4

export function ProcessCard({
  process,
  brokers,
  events,
}: {
  process: ProcessView
  brokers: string
  events: number | null
}) {
  const { name, pid, status, lag, crashes } = process
  const [error, setError] = useState<string | undefined>()
  const look = appearance(process, events !== null)
  const isBroker = name === 'broker'
  const stuck = status?.consumer.stuck
  const trouble =
    error ?? (stuck && `${eventName(stuck.type)}: ${stuck.error} (try ${stuck.attempts})`) ?? notReady(process)
  return (
    <article className="card process" aria-label={name} style={{ borderTopColor: color(name) }}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Title order={3} size="h5" tt="capitalize" className="truncated">
          {name}
        </Title>
        <Pill color={look.color} testId={`${name}-state`}>
          {look.text}
        </Pill>
      </Group>
      <Text size="xs" c="dimmed" className="figures" truncate>
        {pid === null ? 'no process' : `pid ${pid}, up ${duration(Date.now() - process.startedAtMs)}`}
        {crashes > 0 ? `, ${crashes} ${crashes === 1 ? 'crash' : 'crashes'}` : ''}
      </Text>
      <dl className="facts figures">
        {isBroker ? (
          <>
            <Fact name="events in the log" value={events === null ? 'unknown' : count(events)} />
            <Fact name="host" value={brokers.split(':')[0] ?? ''} />
            <Fact name="port" value={brokers.split(':')[1] ?? ''} />
          </>
        ) : (
          <>
            {Object.entries(status?.done ?? {}).map(([what, value]) => (
              <Fact key={what} name={what} value={count(value)} />
            ))}
            <Fact
              name="lag"
              value={lag === null ? 'unknown' : count(lag)}
              alarm={(lag ?? 0) > 0}
              testId={`${name}-lag`}
            />
            <Fact
              name="to publish"
              value={count(status?.relay.pending ?? 0)}
              alarm={(status?.relay.pending ?? 0) > 0}
            />
            <Fact
              name="set aside"
              value={count((status?.setAside.events ?? 0) + (status?.setAside.deadLetters ?? 0))}
              alarm={(status?.setAside.events ?? 0) + (status?.setAside.deadLetters ?? 0) > 0}
              testId={`${name}-set-aside`}
            />
          </>
        )}
      </dl>
      <ul className="recent figures" aria-label={`Last events of ${name}`}>
        {isBroker
          ? null
          : (status?.recent ?? []).slice(0, eventsShown).map(event => (
              <li key={`${event.subject}/${event.type}/${event.at}`}>
                <span>{eventName(event.type).split(' ').slice(1).join(' ')}</span>
                <span>{shortId(event.subject)}</span>
              </li>
            ))}
      </ul>
      <Tooltip label={trouble ?? ''} disabled={trouble === undefined} multiline maw={360}>
        <Text size="xs" c="red" truncate mih={18} tabIndex={trouble === undefined ? -1 : 0}>
          {trouble ?? ''}
        </Text>
      </Tooltip>
      <ProcessButtons process={process} onError={setError} />
    </article>
  )
}

function notReady({ state, status, answering }: ProcessView): string | undefined {
  if (state !== 'running' || !answering || status === null) return undefined
  return status.relay.lastError ?? status.consumer.lastError
}

function Fact({
  name,
  value,
  alarm = false,
  testId,
}: {
  name: string
  value: string
  alarm?: boolean
  testId?: string
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-alarm={alarm} data-testid={testId}>
        {value}
      </dd>
    </div>
  )
}
