/** `ottla.faults`: what a test can make go wrong. Each does at the broker what really happens there; no client is touched. */

import type { AnswerBytes } from '@ottla/broker'
import type { OttlaFaults } from './api.ts'
import { assertIsError, RequestFaults, untilEnding } from './request-faults.ts'

/** What is done to the broker as a whole. */
export interface BrokerControl {
  setDiskFull(isFull: boolean): void
  kill(): Promise<void>
  restart(): Promise<void>
}

export function createFaults(control: BrokerControl): { faults: OttlaFaults; requests: RequestFaults } {
  const requests = new RequestFaults()
  const faults: OttlaFaults = {
    fail({ error, ...scope }) {
      assertIsError(error)
      return requests.add(
        scope,
        () =>
          ({ refuse }) =>
            refuse(error),
      )
    },
    delay({ delayMs, ...scope }) {
      return requests.add(scope, (request, removed) => async ({ act }) => {
        const { ending, unsubscribe } = untilEnding(request)
        let timer: NodeJS.Timeout | undefined
        const timeIsUp = new Promise<void>(resolve => {
          timer = setTimeout(resolve, delayMs)
        })
        await Promise.race([timeIsUp, removed, ending])
        clearTimeout(timer)
        unsubscribe()
        return act()
      })
    },
    hold(scope) {
      return requests.add(scope, (request, removed) => async ({ act }) => {
        const { ending, unsubscribe } = untilEnding(request)
        await Promise.race([removed, ending])
        unsubscribe()
        return act()
      })
    },
    drop(scope) {
      return requests.add(scope, request => async (): Promise<AnswerBytes> => {
        await untilEnding(request).ending
        return null
      })
    },
    disconnect(scope) {
      return requests.add(scope, ({ connection }) => () => {
        connection.destroy()
        return null
      })
    },
    loseAnswer(scope) {
      return requests.add(scope, ({ connection }) => async ({ act }) => {
        await act()
        connection.destroy()
        return null
      })
    },
    fillDisk: () => control.setDiskFull(true),
    freeDisk: () => control.setDiskFull(false),
    kill: () => control.kill(),
    restart: () => control.restart(),
    clear() {
      requests.clear()
      control.setDiskFull(false)
    },
  }
  return { faults, requests }
}
