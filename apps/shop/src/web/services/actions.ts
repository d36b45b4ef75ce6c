/** What can be done to a process, and when: one list for the menus and the cards. */
import type { ProcessView } from '../../stage/snapshot.ts'
import { post } from '../shell/api.ts'

export type Action = 'start' | 'stop' | 'kill'

export const actions: readonly {
  action: Action
  name: string
  hint: string
  dangerous: boolean
  isPossible: (process: ProcessView) => boolean
}[] = [
  {
    action: 'start',
    name: 'Start',
    hint: 'from where it was',
    dangerous: false,
    isPossible: ({ state }) => state === 'stopped' || state === 'crashed',
  },
  {
    action: 'stop',
    name: 'Stop',
    hint: 'it finishes what it has begun',
    dangerous: false,
    isPossible: ({ state }) => state === 'running' || state === 'crashed',
  },
  {
    action: 'kill',
    name: 'Kill',
    hint: 'kill -9; it comes back by itself',
    dangerous: true,
    isPossible: ({ state }) => state === 'running',
  },
]

/** @returns what is wrong, or undefined */
export function act(name: string, action: Action): Promise<string | undefined> {
  return post(`/stage/processes/${name}/${action}`)
}
