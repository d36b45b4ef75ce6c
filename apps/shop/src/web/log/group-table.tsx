/** Each group's position in each partition of a topic, as `kafka-consumer-groups --describe` would say it. */
import type { Snapshot } from '../../stage/snapshot.ts'
import { count } from '../shell/format.ts'
import { color, partitionNumbers } from '../shell/names.ts'
import { Section } from '../shell/section.tsx'
import { MoveGroup } from './move-group.tsx'
import './log.css'

export function GroupTable({ snapshot, topic }: { snapshot: Snapshot | null; topic: string }) {
  const log = snapshot?.log ?? null
  const partitions = log?.topics.find(candidate => candidate.topic === topic)?.partitions ?? []
  const groups = (log?.groups ?? []).filter(({ positions }) => positions.some(at => at.topic === topic))
  return (
    <Section
      title="Who has read how far"
      hint="A position is all that the log knows of a reader. Set it back, and the reader reads again what it has read before."
    >
      <div className="group-table">
        <table className="plain-table figures">
          <thead>
            <tr>
              <th scope="col">group</th>
              {partitionNumbers.map(partition => (
                <th key={partition} scope="col">
                  {partition}
                </th>
              ))}
              <th scope="col">behind</th>
              <th scope="col">
                <span className="visually-hidden">Move</span>
              </th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">the log’s end</th>
              {partitionNumbers.map(partition => (
                <td key={partition}>{count(partitions[partition]?.end ?? 0)}</td>
              ))}
              <td />
              <td />
            </tr>
            {groups.map(({ group, positions }) => {
              const here = positions.filter(position => position.topic === topic)
              const behind = here.reduce(
                (sum, { partition, offset }) => sum + Math.max(0, (partitions[partition]?.end ?? 0) - offset),
                0,
              )
              return (
                <tr key={group}>
                  <th scope="row">
                    <i className="legend-mark" style={{ background: color(group) }} /> {group}
                  </th>
                  {here.map(({ partition, offset }) => (
                    <td key={partition}>{count(offset)}</td>
                  ))}
                  <td data-alarm={behind > 0} data-testid={`${group}-behind`}>
                    {count(behind)}
                  </td>
                  <td>
                    <MoveGroup group={group} topic={topic} />
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </Section>
  )
}
