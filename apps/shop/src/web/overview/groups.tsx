/** Every consumer group: how far behind it is, in records and in seconds, now and over the last two minutes. */
import type { Snapshot } from '../../stage/snapshot.ts'
import { stream } from '../live/stream.ts'
import { Chart } from '../shell/chart.tsx'
import { count } from '../shell/format.ts'
import { color, groupNames } from '../shell/names.ts'
import { Section } from '../shell/section.tsx'

export function Groups({ snapshot }: { snapshot: Snapshot | null }) {
  return (
    <Section title="Lag" hint="What a service has not read yet. It is work that waits, not work that is lost.">
      <table className="plain-table figures">
        <thead>
          <tr>
            <th scope="col">group</th>
            <th scope="col">records behind</th>
            <th scope="col">the oldest waits</th>
          </tr>
        </thead>
        <tbody>
          {groupNames.map(name => {
            const group = snapshot?.log?.groups.find(candidate => candidate.group === name)
            return (
              <tr key={name}>
                <th scope="row">
                  <i className="legend-mark" style={{ background: color(name) }} /> {name}
                </th>
                <td data-alarm={(group?.lag ?? 0) > 0}>{group === undefined ? 'unknown' : count(group.lag)}</td>
                <td data-alarm={(group?.lagSeconds ?? 0) > 1}>{age(group)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
      <Chart
        label="Records that each group has not read, over the last two minutes"
        height={150}
        lines={groupNames.map(name => ({ name, color: name }))}
        data={() => [
          stream.points.map(({ at }) => at),
          ...groupNames.map(name => stream.points.map(({ groups }) => groups[name]?.lag ?? null)),
        ]}
        subscribe={stream.onPoints}
        write={value => count(value)}
        atLeast={10}
      />
    </Section>
  )
}

function age(group: { lag: number; lagSeconds: number | null } | undefined): string {
  if (group === undefined) return 'unknown'
  if (group.lag === 0) return '–'
  return group.lagSeconds === null ? 'unknown' : `${group.lagSeconds.toFixed(1)} s`
}
