/**
 * One partition as the course draws it: a row of offsets that grows at its right end, and a mark for each group under the next
 * offset that it will read. A group that is further back than the row shows stands at its left edge.
 */
import { memo } from 'react'
import type { GroupView, StreamedRecord } from '../../stage/log/log-types.ts'
import { count, eventName } from '../shell/format.ts'
import { color } from '../shell/names.ts'
import './strip.css'

export type StripProps = {
  topic: string
  partition: number
  /** The next offset that will be written. */
  end: number
  records: readonly StreamedRecord[]
  groups: readonly GroupView[]
  /** How many offsets fit; the last place is kept for the one that comes next. */
  cells: number
  onOpen?: ((offset: number) => void) | undefined
  selected?: number | undefined
}

export const Strip = memo(function Strip(props: StripProps) {
  const { topic, partition, records, groups, cells, onOpen, selected } = props
  // What has come by the stream may be newer than the last look at the ends, and the other way round.
  const end = Math.max(props.end, (records.at(-1)?.offset ?? -1) + 1)
  const first = Math.max(0, end - (cells - 1))
  const known = new Map(records.filter(({ offset }) => offset >= first).map(record => [record.offset, record]))
  const offsets = Array.from({ length: cells }, (_, index) => first + index)
  return (
    <section className="strip" aria-label={`Partition ${partition}, ${count(end)} offsets`}>
      <span className="strip-name figures">{partition}</span>
      <div className="strip-body" style={{ ['--cells' as string]: cells }}>
        <ol className="strip-cells plain-list" data-openable={onOpen !== undefined}>
          {offsets.map(offset => (
            <Cell
              key={offset}
              offset={offset}
              record={known.get(offset)}
              state={offset < end ? 'written' : offset === end ? 'next' : 'empty'}
              onOpen={onOpen}
              isSelected={offset === selected}
            />
          ))}
        </ol>
        <div className="strip-marks">
          {groups.map((group, row) => {
            const at = group.positions.find(position => position.topic === topic && position.partition === partition)
            if (at === undefined) return null
            const place = Math.max(0, Math.min(cells - 1, at.offset - first))
            const isOut = at.offset < first
            return (
              <i
                key={group.group}
                data-out={isOut}
                title={`${group.group} reads ${at.offset} next`}
                style={{ background: color(group.group), left: `calc(${place} * 100% / var(--cells))`, top: row * 4 }}
              />
            )
          })}
        </div>
      </div>
    </section>
  )
})

function Cell(props: {
  offset: number
  record: StreamedRecord | undefined
  state: 'written' | 'next' | 'empty'
  onOpen: ((offset: number) => void) | undefined
  isSelected: boolean
}) {
  const { offset, record, state, onOpen, isSelected } = props
  const kind = kindOf(record?.type)
  if (onOpen === undefined || state !== 'written')
    return <li className="cell" data-kind={state === 'written' ? kind : undefined} data-state={state} />
  return (
    <li className="cell" data-kind={kind} data-state={state} data-selected={isSelected}>
      <button
        type="button"
        onClick={() => onOpen(offset)}
        aria-label={`Offset ${offset}${record === undefined ? '' : `: ${eventName(record.type)}`}`}
        aria-pressed={isSelected}
      >
        <span className="figures">{offset % 10_000}</span>
      </button>
    </li>
  )
}

export function kindOf(type: string | undefined): 'created' | 'confirmed' | 'cancelled' | 'other' {
  const word = /\.(created|confirmed|cancelled)\./.exec(type ?? '')?.[1]
  return (word as 'created' | 'confirmed' | 'cancelled' | undefined) ?? 'other'
}
