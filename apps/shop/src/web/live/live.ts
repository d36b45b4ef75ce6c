/** The stream as React sees it. */
import { useSyncExternalStore } from 'react'
import { type Live, type Records, stream } from './stream.ts'

export function useLive(): Live {
  return useSyncExternalStore(stream.onLive, () => stream.live)
}

export function useRecords(): Records {
  return useSyncExternalStore(stream.onRecords, () => stream.records)
}
