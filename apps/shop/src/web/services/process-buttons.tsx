/** Start, stop, kill and the rest, for the cards. */
import { Button } from '@mantine/core'
import type { ProcessView } from '../../stage/snapshot.ts'
import { act, actions } from './actions.ts'

export function ProcessButtons(props: { process: ProcessView; onError: (error: string | undefined) => void }) {
  const { process, onError } = props
  return (
    <div className="process-buttons">
      {actions.map(({ action, name, dangerous, isPossible }) => (
        <Button
          key={action}
          size="compact-sm"
          variant={dangerous ? 'light' : 'default'}
          {...(dangerous ? { color: 'red' } : {})}
          disabled={!isPossible(process)}
          onClick={() => void act(process.name, action).then(onError)}
          aria-label={`${name} ${process.name}`}
        >
          {name}
        </Button>
      ))}
    </div>
  )
}
