/** An order's state as a coloured word. */
import type { Look } from '../services/appearance.ts'
import { Pill } from '../shell/pill.tsx'

const colors: Record<string, Look['color']> = {
  confirmed: 'teal',
  cancelled: 'red',
  pending: 'blue',
  paying: 'blue',
  stored: 'gray',
}

export function Status(props: { status: string; reason?: string | undefined; testId?: string }) {
  const { status, reason, testId } = props
  return (
    <Pill color={colors[status] ?? 'gray'} {...(testId === undefined ? {} : { testId })}>
      {reason === undefined ? status : `${status}: ${reason}`}
    </Pill>
  )
}
