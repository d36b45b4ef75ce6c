/** What looking at a data directory brings to light, in words for the person who has to act. */

/**
 * - `damage`: acknowledged records or state are harmed. The broker takes the partition offline or refuses to start.
 * - `mendable`: the next start of the broker puts it right by itself, and nothing acknowledged is lost.
 * - `notice`: nothing is wrong, but it is good to know.
 */
export type Severity = 'damage' | 'mendable' | 'notice'

export interface Finding {
  severity: Severity
  path: string
  positionInBytes?: number
  /** What is wrong, and what follows from it. */
  message: string
}

export type Report = (finding: Finding) => void
