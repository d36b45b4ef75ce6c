/** Orders in each state, by style: what the shop has promised, kept, and had to take back. */
import type { Snapshot } from '../../stage/snapshot.ts'
import { count, euros } from '../shell/format.ts'
import { color, families, styleNames } from '../shell/names.ts'
import { Section } from '../shell/section.tsx'

const states = ['confirmed', 'cancelled', 'pending'] as const
const colors = { confirmed: 'confirmed', cancelled: 'cancelled', pending: 'created' } as const

export function OrderStates({ snapshot }: { snapshot: Snapshot | null }) {
  const books = snapshot?.processes.find(({ name }) => name === 'order')?.status?.books ?? {}
  const value = (name: string) => books[name] ?? 0
  const styles = [...families.calls, ...families.log]
  return (
    <Section title="Orders" hint="In every state, since the shop was opened.">
      <ul className="states plain-list">
        {styles.map(style => {
          const total = states.reduce((sum, state) => sum + value(`${style}.${state}`), 0)
          return (
            <li key={style}>
              <div className="states-head">
                <b style={{ color: color(style) }}>{styleNames[style]}</b>
                <span className="figures dim">
                  {count(total)} orders, {euros(value(`${style}.confirmed.total`))} confirmed
                </span>
              </div>
              <div className="states-bar" aria-hidden="true">
                {states.map(state => (
                  <i
                    key={state}
                    style={{
                      width: total === 0 ? '0' : `${(100 * value(`${style}.${state}`)) / total}%`,
                      background: color(colors[state]),
                    }}
                  />
                ))}
              </div>
              <dl className="states-figures figures">
                {states.map(state => (
                  <div key={state}>
                    <dt>
                      <i className="legend-mark" style={{ background: color(colors[state]) }} /> {state}
                    </dt>
                    <dd data-testid={`${style}-${state}`}>{count(value(`${style}.${state}`))}</dd>
                  </div>
                ))}
              </dl>
            </li>
          )
        })}
      </ul>
    </Section>
  )
}
