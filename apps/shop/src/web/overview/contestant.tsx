/** One way to place orders, as it runs: its crowd, its figures, the picture of what it is doing, and the last two minutes. */
import { SegmentedControl, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { Style } from '../../contracts/http.ts'
import type { Snapshot } from '../../stage/snapshot.ts'
import { color, type Family, families, styleNames } from '../shell/names.ts'
import { CallChain } from './call-chain.tsx'
import { CrowdControl } from './crowd-control.tsx'
import { CrowdFigures } from './crowd-figures.tsx'
import { LatencyChart } from './latency-chart.tsx'
import { LogPicture } from './log-picture.tsx'

const texts: Record<Family, { title: string; hint: string }> = {
  calls: {
    title: 'Calls in turn',
    hint: 'Order calls the others, and the customer waits for all of them.',
  },
  log: {
    title: 'Events through a log',
    hint: 'The customer waits for the log. Everyone else reads it at their own pace.',
  },
}

export function Contestant({ family, snapshot }: { family: Family; snapshot: Snapshot | null }) {
  const styles: readonly Style[] = families[family]
  const [style, setStyle] = useState<Style>(styles[0] ?? 'events')
  const { title, hint } = texts[family]
  return (
    <section className="card contestant" aria-label={title} style={{ ['--contestant' as string]: color(style) }}>
      <div className="contestant-head">
        <div>
          <Title order={2} size="h4">
            {title}
          </Title>
          <Text size="sm" c="dimmed" lh={1.35}>
            {hint}
          </Text>
        </div>
        {styles.length > 1 ? (
          <SegmentedControl
            size="xs"
            aria-label={`${title}: which`}
            data={styles.map(name => ({ value: name, label: styleNames[name] }))}
            value={style}
            onChange={value => setStyle(value as Style)}
          />
        ) : null}
      </div>
      <CrowdControl style={style} crowd={snapshot?.crowds.find(crowd => crowd.style === style)} />
      <CrowdFigures style={style} waiting={snapshot?.waiting[style]?.count ?? 0} />
      {family === 'calls' ? <CallChain snapshot={snapshot} style={style} /> : <LogPicture snapshot={snapshot} />}
      <LatencyChart style={style} />
    </section>
  )
}
