/** The stage's live picture. The browser reconnects by itself; until it has, the page says that it shows the past. */
import { useEffect, useState } from 'react'
import type { Snapshot } from '../stage/snapshot.ts'

export type Live = { snapshot: Snapshot | null; connected: boolean }

export function useLive(): Live {
  const [live, setLive] = useState<Live>({ snapshot: null, connected: false })
  useEffect(() => {
    const source = new EventSource('/stage/stream')
    source.onmessage = event => setLive({ snapshot: JSON.parse(event.data) as Snapshot, connected: true })
    source.onerror = () => setLive(previous => ({ ...previous, connected: false }))
    return () => source.close()
  }, [])
  return live
}
