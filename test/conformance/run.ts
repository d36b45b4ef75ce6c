/** Runs scenarios against one broker, several at a time: each keeps to things of its own. */
import { createHash } from 'node:crypto'
import { describeGroups, describeTransactions, errorCode, findCoordinator, initProducerId } from '@ottla/protocol'
import { Conversation, EndedByBrokerError } from './conversation.ts'
import type { Scenario } from './scenario.ts'
import { type RenderedExchange, renderTranscript } from './transcript.ts'

const transactionalIdNotFound = errorCode('TRANSACTIONAL_ID_NOT_FOUND')

export interface RunOptions {
  readonly port: number
  /** How many at a time. */
  readonly concurrency: number
  /** Makes the names of this run differ from those of another on the same broker. */
  readonly salt?: string
}

export interface RunResult {
  readonly transcripts: Map<string, RenderedExchange[]>
  /** Scenarios that could not be played to their end, and why: a fault of the scenario, or a broker that answered nonsense. */
  readonly failures: Map<string, Error>
}

/** Settings that both brokers get, so that answers can be compared and nothing is waited for. */
export const settings: Readonly<Record<string, string>> = {
  'node.id': '1',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '100',
  'group.max.size': '4',
  'group.consumer.assignment.interval.ms': '0',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '50',
  // Recorded timestamps are long past: no record may expire by them.
  'log.retention.ms': '-1',
}

export async function runScenarios(scenarios: readonly Scenario[], options: RunOptions): Promise<RunResult> {
  const result: RunResult = { transcripts: new Map(), failures: new Map() }
  await untilWarm(options.port)
  const waiting = scenarios.filter(({ isAlone }) => isAlone !== true).values()
  const worker = async () => {
    for (const scenario of waiting) await play(scenario, options, result)
  }
  await Promise.all(Array.from({ length: options.concurrency }, worker))
  for (const scenario of scenarios) if (scenario.isAlone) await play(scenario, options, result)
  return result
}

/** The first question for a coordinator makes the topic that it needs; until then groups are answered NOT_COORDINATOR. */
async function untilWarm(port: number): Promise<void> {
  const conversation = new Conversation({ port, prefix: 'warm-up-' })
  const groups = [conversation.name('g')]
  try {
    await conversation.prepareUntil(findCoordinator, 4, { keyType: 0, coordinatorKeys: groups }, ({ coordinators }) =>
      coordinators.every(({ errorCode }) => errorCode === 0),
    )
    await conversation.prepareUntil(describeGroups, 5, { groups, includeAuthorizedOperations: false }, ({ groups }) =>
      groups.every(({ errorCode }) => errorCode === 0),
    )
    const transactionalIds = [conversation.name('tx')]
    await conversation.prepareUntil(
      findCoordinator,
      4,
      { keyType: 1, coordinatorKeys: transactionalIds },
      ({ coordinators }) => coordinators.every(({ errorCode }) => errorCode === 0),
    )
    await conversation.prepareUntil(
      describeTransactions,
      0,
      { transactionalIds },
      ({ transactionStates: [found] }) => found?.errorCode === transactionalIdNotFound,
    )
    // Apache Kafka's broker asks its controller for producer ids when the first is wanted.
    await conversation.prepareUntil(
      initProducerId,
      4,
      { transactionalId: null, transactionTimeoutMs: 1_000 },
      ({ errorCode }) => errorCode === 0,
    )
  } finally {
    conversation.end()
  }
}

async function play(scenario: Scenario, { port, salt = '' }: RunOptions, { transcripts, failures }: RunResult) {
  const hash = createHash('sha256').update(`${scenario.name}${salt}`).digest('hex')
  const prefix = `c${hash.slice(0, 7)}-`
  const conversation = new Conversation({ port, prefix })
  try {
    await scenario.run(conversation, scenario.version)
  } catch (error) {
    // That the broker hung up is in the transcript, to be compared like any answer.
    if (!(error instanceof EndedByBrokerError)) failures.set(scenario.name, error as Error)
  } finally {
    conversation.end()
  }
  transcripts.set(scenario.name, renderTranscript(conversation.transcript, { port, prefix, nowMs: Date.now() }))
}
