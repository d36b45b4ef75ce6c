/** Which part of the page is shown: in the address, so that it can be linked to and the browser's back button works. */
import { useSyncExternalStore } from 'react'

export const parts = [
  { path: '', name: 'Live' },
  { path: 'orders', name: 'Orders' },
  { path: 'log', name: 'Log' },
  { path: 'services', name: 'Services' },
  { path: 'set-aside', name: 'Set aside' },
] as const

export type Path = (typeof parts)[number]['path']

export function useRoute(): Path {
  const hash = useSyncExternalStore(onHashChange, () => window.location.hash)
  const path = hash.replace(/^#\/?/, '').split('?')[0]
  return parts.find(part => part.path === path)?.path ?? ''
}

function onHashChange(listener: () => void): () => void {
  window.addEventListener('hashchange', listener)
  return () => window.removeEventListener('hashchange', listener)
}
