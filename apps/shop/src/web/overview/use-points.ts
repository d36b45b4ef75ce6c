/** The seconds of the stream. */
import { useSyncExternalStore } from 'react'
import type { SecondPoint } from '../../stage/series.ts'
import { stream } from '../live/stream.ts'

export function usePoints(): readonly SecondPoint[] {
  return useSyncExternalStore(stream.onPoints, () => stream.points)
}
