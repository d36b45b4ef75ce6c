/** Calls in turn, as they are now: who is in the chain, and every customer that waits for it, a bar as long as the wait. */
import { Text } from '@mantine/core'
import type { Style } from '../../contracts/http.ts'
import type { ProcessName, Snapshot } from '../../stage/snapshot.ts'
import { appearance } from '../services/appearance.ts'
import { count, milliseconds } from '../shell/format.ts'
import { color } from '../shell/names.ts'

const barsShown = 10
const chain = ['order', 'payment', 'inventory', 'notification'] as const
/** The history's word for each call, and who is called. */
const calls: Record<string, ProcessName> = { charge: 'payment', reserve: 'inventory', notify: 'notification' }

export function CallChain({ snapshot, style }: { snapshot: Snapshot | null; style: Style }) {
  const waiting = snapshot?.waiting[style] ?? { count: 0, oldestMs: [] }
  const looked = (snapshot?.calls ?? []).filter(call => call.style === style)
  const atWork = new Set(looked.map(({ done }) => nextCall(done)))
  const longest = Math.max(1000, ...waiting.oldestMs)
  const bars = waiting.oldestMs.slice(0, barsShown).map((ms, rank) => ({ ms, rank }))
  return (
    <div className="picture">
      <ol className="chain" aria-label="The chain of calls">
        <li className="chain-link" data-here={waiting.count > 0}>
          <b>customers</b>
          <span className="figures">{count(waiting.count)} wait</span>
        </li>
        {chain.map(name => {
          const process = snapshot?.processes.find(candidate => candidate.name === name)
          const look = process && appearance(process, true)
          const neighbour = snapshot?.processes.find(({ name: other }) => other === behind[name])
          const trouble = neighbour && appearance(neighbour, true)
          return (
            <li key={name} className="chain-link" data-color={look?.color} data-here={atWork.has(name)}>
              <b style={{ color: color(name) }}>{name}</b>
              <span>
                {trouble && trouble.color !== 'teal' ? `${behind[name]} ${trouble.text}` : (look?.text ?? '')}
              </span>
            </li>
          )
        })}
      </ol>
      <ul className="waits plain-list" aria-label="Customers that wait, the longest first">
        {bars.map(({ ms, rank }) => (
          <li key={rank}>
            <i style={{ width: `${Math.max(1, (100 * ms) / longest)}%` }} data-long={ms > 1000} />
            <span className="figures">{milliseconds(ms)}</span>
          </li>
        ))}
      </ul>
      <Text size="xs" c="dimmed" className="picture-note figures">
        {waiting.count === 0
          ? 'Nobody waits now.'
          : waiting.count > bars.length
            ? `and ${count(waiting.count - bars.length)} more, each with a connection and memory held for it`
            : 'each holds a connection until the last call has come back'}
      </Text>
    </div>
  )
}

const behind: Record<(typeof chain)[number], ProcessName | ''> = {
  order: '',
  payment: 'bank',
  inventory: '',
  notification: 'mail',
}

/** Whom an order waits for, from the calls that have come back. */
function nextCall(done: readonly string[]): string {
  const next = Object.keys(calls).find(call => !done.some(what => what.startsWith(call)))
  return next === undefined ? 'order' : (calls[next] ?? 'order')
}
