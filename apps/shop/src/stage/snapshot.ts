/** What the page shows: one picture of the whole shop, sent whenever it has changed. */
import type { OrderSummary, Style } from '../contracts/http.ts'
import type { SimulatorName, SimulatorStatus } from '../contracts/simulators.ts'
import type { ServiceName } from '../contracts/topic.ts'
import type { ServiceStatus } from '../kit/health.ts'
import type { CrowdView } from '../load/crowd.ts'
import type { LogView } from './log/log-types.ts'
import type { ProcessState } from './supervisor.ts'
import type { WaitingView } from './waiting.ts'

/** Further instances are numbered: `payment-2`. */
export type ProcessName = ServiceName | SimulatorName | 'broker' | `${ServiceName}-${number}`

export type ProcessView = {
  name: ProcessName
  /** The service that it is an instance of, or its own name: also its consumer group. */
  service: string
  /** From 1. */
  instance: number
  state: ProcessState
  pid: number | null
  startedAtMs: number
  crashes: number
  /** It is alive and does nothing, because it was told to. */
  hung: boolean
  /** Of its time, as far as it is let run. */
  speedPercent: number
  /** The last that the service said of itself; null before it has said anything. Older than `at` when it does not answer. */
  status: ServiceStatus | null
  /** The same of a simulator: its faults and its book. */
  simulator: SimulatorStatus | null
  answering: boolean
  /** Records that its consumer group has not handled; null when the broker can't say. */
  lag: number | null
}

/** An order whose customer waits while Order calls the others: the calls that have been answered. */
export type CallView = { orderId: string; style: Style; sinceMs: number; done: string[] }

export type Check = { name: string; ok: boolean | null; detail: string }

export type Snapshot = {
  at: string
  /** Counts the rounds in which everyone was asked. Between two, only what the supervisor knows is new. */
  round: number
  brokers: string
  ownBroker: boolean
  /** In the shop's topics; null when the broker can't say. */
  events: number | null
  processes: ProcessView[]
  orders: OrderSummary[]
  /** What is in the log and who has read how far; null when the broker can't say. */
  log: LogView | null
  /** The customers that the stage sends, by style. */
  crowds: CrowdView[]
  /** All customers that wait for an answer now. */
  waiting: WaitingView
  calls: CallView[]
  checks: Check[]
  /** Nothing is on its way: the checks are final, not a glance at moving parts. */
  atRest: boolean
}
