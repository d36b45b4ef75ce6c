/** The figures of one style over the last seconds. */
import type { Style } from '../../contracts/http.ts'
import { count, milliseconds } from '../shell/format.ts'
import { usePoints } from './use-points.ts'

/** Long enough to be calm, short enough to see a change at once. */
const windowSeconds = 5

export function CrowdFigures({ style, waiting }: { style: Style; waiting: number }) {
  const points = usePoints().slice(-windowSeconds)
  const crowds = points.map(point => point.crowds[style])
  const sum = (of: (crowd: (typeof crowds)[number]) => number) => crowds.reduce((total, crowd) => total + of(crowd), 0)
  const answered = sum(({ accepted, stored, declined }) => accepted + stored + declined)
  const failed = sum(crowd => crowd.failed)
  const perSecond = points.length === 0 ? 0 : answered / points.length
  // Percentiles of seconds don't add up to one of all: the typical second's median, and the worst second's tail.
  const p50 = middle(crowds.map(({ p50Ms }) => p50Ms).filter(value => value !== null))
  const p99 = Math.max(-1, ...crowds.map(({ p99Ms }) => p99Ms ?? -1))
  const share = answered + failed === 0 ? null : (100 * failed) / (answered + failed)
  return (
    <dl className="crowd-figures figures">
      <Figure name="answered" value={perSecond === 0 ? '0' : perSecond.toFixed(perSecond < 10 ? 1 : 0)} unit="/s" />
      <Figure name="median" value={p50 === undefined ? '–' : milliseconds(p50)} />
      <Figure name="99 %" value={p99 < 0 ? '–' : milliseconds(p99)} alarm={p99 > 1000} />
      <Figure name="waiting" value={count(waiting)} alarm={waiting > 20} testId={`${style}-waiting`} />
      <Figure
        name="failed"
        value={share === null ? '–' : share === 0 ? '0' : share < 1 ? '<1' : share.toFixed(0)}
        unit={share === null ? '' : '%'}
        alarm={failed > 0}
        testId={`${style}-failed`}
      />
    </dl>
  )
}

function middle(values: number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

function Figure(props: { name: string; value: string; unit?: string; alarm?: boolean; testId?: string }) {
  const { name, value, unit = '', alarm = false, testId } = props
  const [number, own] = value.split(' ')
  return (
    <div data-alarm={alarm}>
      <dt>{name}</dt>
      <dd data-testid={testId}>
        {number}
        <small>{own ?? unit}</small>
      </dd>
    </div>
  )
}
