/** Start, stop, kill: the same for every process. */
import { Button, Group } from '@mantine/core'
import type { ProcessView } from '../stage/snapshot.ts'
import { post } from './api.ts'

export function ProcessButtons({
  process,
  onError,
}: {
  process: ProcessView
  onError: (error: string | undefined) => void
}) {
  const { name, state } = process
  const act = (action: 'start' | 'stop' | 'kill') => void post(`/stage/processes/${name}/${action}`).then(onError)
  return (
    <Group gap="xs" grow wrap="nowrap" className="buttons">
      <Button
        size="compact-sm"
        variant="default"
        disabled={state !== 'stopped' && state !== 'crashed'}
        onClick={() => act('start')}
        aria-label={`Start ${name}`}
      >
        Start
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        disabled={state !== 'running' && state !== 'crashed'}
        onClick={() => act('stop')}
        aria-label={`Stop ${name}`}
      >
        Stop
      </Button>
      <Button
        size="compact-sm"
        variant="light"
        color="red"
        disabled={state !== 'running'}
        onClick={() => act('kill')}
        aria-label={`Kill ${name}`}
      >
        Kill
      </Button>
    </Group>
  )
}
