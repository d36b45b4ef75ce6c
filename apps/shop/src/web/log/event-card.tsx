/** One record whole: who has read it, its data, its headers, and what its order went through. */
import { Code, Skeleton, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { OrderDetail } from '../../contracts/http.ts'
import type { GroupView, RecordDetail } from '../../stage/log/log-types.ts'
import { Timeline } from '../orders/timeline.tsx'
import { read, readOrder } from '../shell/api.ts'
import { eventName } from '../shell/format.ts'
import { color } from '../shell/names.ts'
import type { Place } from './log-part.tsx'
import { MoveGroup } from './move-group.tsx'

export function EventCard(props: { topic: string; place: Place; groups: readonly GroupView[] }) {
  const { topic, place, groups } = props
  const [record, setRecord] = useState<RecordDetail | null | undefined>()
  const [order, setOrder] = useState<OrderDetail | undefined>()
  useEffect(() => {
    let isCurrent = true
    void read<RecordDetail>(`/stage/log/${topic}/${place.partition}/${place.offset}`).then(async found => {
      if (!isCurrent) return
      setRecord(found ?? null)
      const of = found === undefined ? undefined : await readOrder(found.subject)
      if (isCurrent) setOrder(of)
    })
    return () => {
      isCurrent = false
    }
  }, [topic, place.partition, place.offset])
  if (record === undefined) return <Skeleton height={320} />
  if (record === null) return <Text>The record can’t be read now: the broker does not answer.</Text>
  return (
    <div className="event-card">
      <h3>{record.type === '' ? 'a record of no known type' : eventName(record.type)}</h3>
      <Text size="sm" c="dimmed" className="figures">
        written {new Date(record.at).toLocaleString('en-GB')}, key {record.subject}
      </Text>
      <h4>Who has read it</h4>
      <ul className="readers plain-list">
        {groups.map(({ group, positions }) => {
          const at = positions.find(position => position.topic === topic && position.partition === place.partition)
          const hasRead = at !== undefined && at.offset > place.offset
          return (
            <li key={group}>
              <span>
                <i className="legend-mark" style={{ background: color(group) }} /> {group}
              </span>
              <span className="dim">{hasRead ? 'has read it' : 'has not come to it'}</span>
              <MoveGroup group={group} topic={topic} place={place} />
            </li>
          )
        })}
      </ul>
      <h4>Data</h4>
      <Code block>{pretty(record.value)}</Code>
      <h4>Headers</h4>
      <dl className="headers">
        {Object.entries(record.headers).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <h4>What this order went through</h4>
      {order === undefined ? (
        <Text size="sm" c="dimmed">
          The Order service does not know it, or does not answer.
        </Text>
      ) : (
        <Timeline title="this order" order={order} placed={null} />
      )}
    </div>
  )
}

function pretty(value: string | null): string {
  if (value === null) return 'null (a tombstone)'
  try {
    return JSON.stringify(JSON.parse(value), null, 2)
  } catch {
    return value
  }
}
