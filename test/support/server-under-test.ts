/**
 * The broker that tests with real clients run against: Ottla, or, with `OTTLA_TEST_SERVER=apache-kafka`, a real Apache
 * Kafka. A test of a client must pass on both: that is what makes it a test of Kafka's behaviour and not of ours.
 */
import { startApacheKafka } from '../apache-kafka/server.ts'
import { startOttlaProcess } from './ottla-process.ts'

export type ServerUnderTest = {
  readonly address: string
  readonly port: number
  readonly pid: number
  readonly dataDirectory: string
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<unknown>
  start(): Promise<void>
  close(): Promise<void>
}

export const isApacheKafka = process.env.OTTLA_TEST_SERVER === 'apache-kafka'

/** After a kill, a broker's own controller lets it back only when its old session is over: 9 seconds by default. */
const SHORT_BROKER_SESSION = { 'broker.heartbeat.interval.ms': 300, 'broker.session.timeout.ms': 1_000 }

/** Settings are Kafka's, by name, for either server. */
export function startServerUnderTest(settings: Record<string, string | number> = {}): Promise<ServerUnderTest> {
  return isApacheKafka
    ? startApacheKafka({ settings: { ...SHORT_BROKER_SESSION, ...settings } })
    : startOttlaProcess({ settings: { 'group.initial.rebalance.delay.ms': 0, ...settings } })
}
