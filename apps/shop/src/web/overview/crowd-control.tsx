/** How many customers a second come, and a spike of them. */
import { ActionIcon, Button, Slider, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { Style } from '../../contracts/http.ts'
import type { CrowdView } from '../../load/crowd.ts'
import { post, put } from '../shell/api.ts'
import { Bolt, Minus, Plus } from '../shell/icons.tsx'
import { styleNames } from '../shell/names.ts'

/** A slider for people thinks in steps that each feel like one. */
const rates = [0, 1, 2, 5, 10, 20, 50, 100, 200, 300, 500]
const spikeSeconds = 5

export function CrowdControl({ style, crowd }: { style: Style; crowd: CrowdView | undefined }) {
  const set = crowd?.ratePerSecond ?? 0
  const [dragged, setDragged] = useState<number | undefined>()
  const [error, setError] = useState<string | undefined>()
  const rate = dragged ?? set
  const index = nearest(rate)
  // What the stage says is true, also when another browser has changed it; until it has said so, what was chosen here.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stage's answer is what ends the dragging
  useEffect(() => setDragged(undefined), [set])
  const choose = (next: number) => {
    const ratePerSecond = rates[Math.max(0, Math.min(rates.length - 1, next))] ?? 0
    setDragged(ratePerSecond)
    void put(`/stage/load/${style}`, { ratePerSecond }).then(setError)
  }
  const spikeOrders = Math.max(200, set * 10 * spikeSeconds)
  const left = crowd?.spikeLeft ?? 0
  const name = styleNames[style]
  return (
    <div className="crowd-control">
      <Text size="sm" className="crowd-rate figures">
        <b>{rate}</b> orders a second
      </Text>
      <div className="crowd-slider">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Fewer orders, ${name}`}
          onClick={() => choose(index - 1)}
        >
          <Minus />
        </ActionIcon>
        <Slider
          flex={1}
          min={0}
          max={rates.length - 1}
          step={1}
          value={index}
          label={null}
          thumbLabel={`Orders a second, ${name}`}
          onChange={next => setDragged(rates[next])}
          onChangeEnd={choose}
          styles={{ bar: { background: 'var(--contestant)' }, thumb: { borderColor: 'var(--contestant)' } }}
        />
        <ActionIcon variant="subtle" color="gray" aria-label={`More orders, ${name}`} onClick={() => choose(index + 1)}>
          <Plus />
        </ActionIcon>
      </div>
      <Button
        size="xs"
        variant="default"
        leftSection={<Bolt />}
        disabled={crowd === undefined}
        onClick={() =>
          void post(`/stage/load/${style}/spike`, { orders: spikeOrders, seconds: spikeSeconds }).then(setError)
        }
        aria-label={`Spike of ${spikeOrders} orders, ${name}`}
        className="figures crowd-spike"
      >
        {left > 0 ? `${left} to come` : `Spike of ${spikeOrders}`}
      </Button>
      {error === undefined ? null : (
        <Text size="xs" c="red" role="alert" className="crowd-error">
          {error}
        </Text>
      )}
    </div>
  )
}

function nearest(rate: number): number {
  const above = rates.findIndex(step => step >= rate)
  return above === -1 ? rates.length - 1 : above
}
