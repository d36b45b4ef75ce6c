/** The topic `orders` as it is now: each partition's newest offsets, and how far every group has read. */
import { Text } from '@mantine/core'
import type { Snapshot } from '../../stage/snapshot.ts'
import { useRecords } from '../live/live.ts'
import { Strip } from '../log/strip.tsx'
import { count } from '../shell/format.ts'
import { color, partitionNumbers } from '../shell/names.ts'
import { useWidth } from '../shell/use-width.ts'

const cellPx = 22
const topic = 'orders'

export function LogPicture({ snapshot }: { snapshot: Snapshot | null }) {
  const records = useRecords()
  const [measured, width] = useWidth()
  const cells = Math.max(6, Math.floor((width - 40) / cellPx))
  const partitions = snapshot?.log?.topics.find(candidate => candidate.topic === topic)?.partitions ?? []
  const groups = (snapshot?.log?.groups ?? []).filter(({ positions }) => positions.some(at => at.topic === topic))
  return (
    <div className="picture">
      <ul className="legend plain-list" aria-label="Groups that read orders">
        {groups.map(({ group, lag }) => (
          <li key={group}>
            <i className="legend-mark" style={{ background: color(group) }} />
            {group}
            <span className="figures dim">{lag === 0 ? 'has read all' : `${count(lag)} behind`}</span>
          </li>
        ))}
      </ul>
      <div ref={measured} className="strips">
        {partitionNumbers.map(partition => (
          <Strip
            key={partition}
            partition={partition}
            end={partitions[partition]?.end ?? 0}
            records={records[partition] ?? []}
            groups={groups}
            topic={topic}
            cells={cells}
          />
        ))}
      </div>
      <Text size="xs" c="dimmed" className="picture-note">
        {snapshot !== null && snapshot.log === null
          ? 'The broker does not answer: what it holds is safe, and not known here.'
          : 'A customer’s answer comes when the offset is on the disk, whoever has read it or not.'}
      </Text>
    </div>
  )
}
