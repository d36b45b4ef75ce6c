/** What waits in all services, and what people decided. */
import { useEffect, useState } from 'react'
import type { DeadLetterView, DecisionView, ParkedKeyView } from '../../contracts/operations.ts'
import type { Snapshot } from '../../stage/snapshot.ts'
import { read } from '../shell/api.ts'
import { eventName, shortId } from '../shell/format.ts'

/** A line of the list, whichever of the two it is. */
export type Waiting = {
  kind: 'parked' | 'dead-letter'
  service: string
  id: string
  what: string
  subject: string
  position: string
  error: string
  tries: string
  readPath: string
  retryPath: string
  skipPath: string
}
export type Decided = DecisionView & { service: string }

const decisionsShown = 20

/** Asked again whenever a service says that it has something set aside, and once more when it says that it has nothing left. */
export function useSetAside(snapshot: Snapshot | null): { waiting: Waiting[]; decisions: Decided[] } {
  const [found, setFound] = useState<{ waiting: Waiting[]; decisions: Decided[] }>({ waiting: [], decisions: [] })
  const services = (snapshot?.processes ?? []).filter(process => process.status !== null)
  const names = [...new Set(services.map(({ status }) => status?.service ?? ''))].join()
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
  const keys = (parked?.keys ?? []).map(({ first, waiting }): Waiting => {
    const path = `${base}/parked/${encodeURIComponent(first.eventId)}`
    return {
      kind: 'parked',
      service,
      id: first.eventId,
      what: eventName(first.type),
      subject: shortId(first.subject),
      position: first.position,
      error: first.error ?? '',
      tries: `${first.attempts}${waiting > 0 ? `, ${waiting} behind it` : ''}`,
      readPath: path,
      retryPath: `${base}/parked/keys/${encodeURIComponent(first.subject)}/retry`,
      skipPath: `${path}/skip`,
    }
  })
  const letters = (dead?.letters ?? []).map((letter): Waiting => {
    const path = `${base}/dead-letters/${encodeURIComponent(letter.id)}`
    return {
      kind: 'dead-letter',
      service,
      id: letter.id,
      what: 'dead letter',
      subject: letter.position,
      position: letter.position,
      error: letter.error,
      tries: '',
      readPath: path,
      retryPath: `${path}/retry`,
      skipPath: `${path}/skip`,
    }
  })
  return {
    waiting: [...keys, ...letters],
    decisions: (decided?.decisions ?? []).map(decision => ({ ...decision, service })),
  }
}
