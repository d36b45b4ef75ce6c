/** The auditor's verdict: do money and stock add up across services that never compare notes? */
import type { Check, Snapshot } from '../../stage/snapshot.ts'
import { Section } from '../shell/section.tsx'

const checksKept = 6

export function Books({ snapshot }: { snapshot: Snapshot | null }) {
  const checks = snapshot?.checks ?? []
  const wrong = checks.filter(({ ok }) => ok === false).length
  const settled = snapshot?.atRest === true
  const verdict = snapshot === null ? '' : wrong > 0 ? 'does not add up' : settled ? 'adds up' : 'not settled yet'
  return (
    <Section
      title="Books"
      hint="An auditor reads every service’s database and the bank’s own book."
      aside={
        <span className="verdict" data-verdict={wrong > 0 ? 'wrong' : settled ? 'right' : 'open'} role="status">
          <b>{verdict}</b>
          <small>{snapshot === null ? '' : settled ? 'at rest' : 'work on its way'}</small>
        </span>
      }
    >
      <ul className="checks plain-list" style={{ minHeight: checksKept * 46 }}>
        {checks.map(check => (
          <CheckRow key={check.name} check={check} />
        ))}
      </ul>
    </Section>
  )
}

function CheckRow({ check }: { check: Check }) {
  const look =
    check.ok === null
      ? { mark: '…', word: 'not settled', state: 'open' }
      : check.ok
        ? { mark: '✓', word: 'true', state: 'right' }
        : { mark: '✗', word: 'wrong', state: 'wrong' }
  return (
    <li data-verdict={look.state}>
      <span className="check-mark" role="img" aria-label={look.word}>
        {look.mark}
      </span>
      <div>
        {check.name}
        <small className="figures">{check.detail}</small>
      </div>
    </li>
  )
}
