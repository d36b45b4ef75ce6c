/** What a process is doing, in a word and a colour: the same on every part of the page. */
import type { ProcessView } from '../../stage/snapshot.ts'

export type Look = { text: string; color: 'teal' | 'blue' | 'gray' | 'red' | 'orange' }

/** @param logAnswers whether the broker could say what is in the log */
export function appearance(process: ProcessView, logAnswers: boolean): Look {
  const { state, status, simulator, answering, name } = process
  if (state === 'crashed') return { text: 'crashed', color: 'red' }
  if (state === 'stopped') return { text: 'stopped', color: 'gray' }
  if (state === 'stopping') return { text: 'stopping', color: 'blue' }
  if (name === 'broker') return logAnswers ? { text: 'ready', color: 'teal' } : { text: 'no answer', color: 'blue' }
  if (!answering)
    return status === null && simulator === null
      ? { text: 'starting', color: 'blue' }
      : { text: 'silent', color: 'orange' }
  if (simulator !== null)
    return isFaulty(process) ? { text: 'faulty', color: 'orange' } : { text: 'well', color: 'teal' }
  if (status?.consumer.stuck !== undefined) return { text: 'stuck', color: 'orange' }
  return status?.ready === true ? { text: 'ready', color: 'teal' } : { text: 'waiting', color: 'blue' }
}

export function isFaulty({ simulator }: ProcessView): boolean {
  if (simulator === null) return false
  const { delayMs, failPercent, refusePercent, hang } = simulator.faults
  return delayMs > 0 || failPercent > 0 || refusePercent > 0 || hang
}
