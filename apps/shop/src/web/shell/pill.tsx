/** A state in a word and a colour, readable on light and dark. */
import type { Look } from '../services/appearance.ts'

export function Pill(props: { color: Look['color']; children: string; testId?: string; role?: 'status' }) {
  const { color, children, testId, role } = props
  return (
    <span className="pill" data-color={color} data-testid={testId} role={role}>
      {children}
    </span>
  )
}
