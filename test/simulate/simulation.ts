/**
 * One seed: a broker lives and dies several times over on one simulated disk while clients use it, and after each start everything
 * that was promised is checked. The same seed always does the same.
 */

import { KafkaError } from '@ottla/protocol'
import { StorageError } from '../../packages/log/src/storage-error.ts'
import { SeededRandom } from '../../packages/log/src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../packages/log/src/testing/simulated-disk/simulated-disk.ts'
import { SimulatedFileSystem } from '../../packages/log/src/testing/simulated-disk/simulated-file-system.ts'
import { administer, createTopic } from './administrators.ts'
import { ClassicCrew } from './classic-members.ts'
import { setClock } from './clock-setter.ts'
import { offsetsRetentionMinutes } from './committed-offsets.ts'
import { commit, committerGroupIds } from './committers.ts'
import { ConsumerCrew } from './consumer-members.ts'
import { consume } from './consumers.ts'
import { Faults } from './faults.ts'
import { newIdempotentProducer, produceIdempotently } from './idempotent-producers.ts'
import { check, Ledger } from './ledger.ts'
import { produceOnce, producePlainly } from './producers.ts'
import { ConnectionLostError, type ServerOptions, SimulatedServer } from './server.ts'
import { TransactionalCrew } from './transactional-producers.ts'
import { createTransfersTopic, Transfers } from './transfers.ts'
import { verify } from './verification.ts'
import { Life, VirtualTime } from './virtual-time.ts'
import { World } from './world.ts'

export interface SimulationResult {
  seed: number
  powerCuts: number
  kills: number
  cleanStops: number
  diskCalls: number
  requests: number
  acknowledgedBatches: number
  /** What happened, line by line. */
  trace: readonly string[]
  /** What it holds after the last life, which ends by a clean stop unless there was a finding. */
  disk: SimulatedDisk
  /** Undefined: the contract was kept. */
  finding: Error | undefined
}

type Ending = 'powerCut' | 'kill' | 'stop'

interface LifeParts {
  life: Life
  fileSystem: SimulatedFileSystem
  faults: Faults
  ending: Ending
}

const dataPath = '/data'
/** More than any life needs: beyond it something waits for what never comes. */
const maxSteps = 500_000

const properties: ReadonlyMap<string, string> = new Map([
  ['listeners', 'PLAINTEXT://127.0.0.1:9092'],
  ['log.dirs', dataPath],
  ['offsets.topic.num.partitions', '2'],
  ['transaction.state.log.num.partitions', '2'],
  ['transaction.abort.timed.out.transaction.cleanup.interval.ms', '100'],
  // Small segments, so that a short run has many: an index of 60 bytes is full after four batches.
  ['log.index.size.max.bytes', '60'],
  ['log.index.interval.bytes', '0'],
  ['log.segment.delete.delay.ms', '500'],
  ['log.retention.check.interval.ms', '300'],
  ['log.cleaner.backoff.ms', '40'],
  ['metadata.log.max.record.bytes.between.snapshots', '1500'],
  // Time expires only what says so: the clock jumps by days.
  ['log.retention.ms', '-1'],
  ['log.message.timestamp.after.max.ms', String(Number.MAX_SAFE_INTEGER)],
  ['producer.id.expiration.ms', String(2 ** 31 - 1)],
  ['group.initial.rebalance.delay.ms', '20'],
  ['group.consumer.session.timeout.ms', '60000'],
  ['offsets.retention.minutes', String(offsetsRetentionMinutes)],
  ['offsets.retention.check.interval.ms', '500'],
  ['metadata.log.max.record.bytes.between.snapshots', '500'],
  ['auto.create.topics.enable', 'false'],
])

export async function simulate({ seed, lives }: { seed: number; lives: number }): Promise<SimulationResult> {
  const simulation = new Simulation(seed)
  // A promise that nobody handles ends a real process.
  const onUnhandled = (error: Error) => {
    simulation.world.failure ??= error
  }
  process.on('unhandledRejection', onUnhandled)
  let finding: SimulationResult['finding']
  try {
    for (let life = 1; life <= lives; life++) await simulation.live(life)
    await simulation.live(lives + 1, 'stop')
  } catch (error) {
    if (!(error instanceof Error)) throw error
    finding = error
  } finally {
    process.off('unhandledRejection', onUnhandled)
  }
  return {
    seed,
    ...simulation.counts,
    requests: simulation.world.requestCount,
    acknowledgedBatches: simulation.ledger.acknowledgedBatches,
    trace: simulation.world.trace,
    disk: simulation.disk,
    finding,
  }
}

class Simulation {
  readonly world: World
  readonly ledger: Ledger
  readonly counts = { powerCuts: 0, kills: 0, cleanStops: 0, diskCalls: 0 }
  readonly #time = new VirtualTime()
  readonly #random: SeededRandom
  readonly #producers = ['first', 'second'].map(newIdempotentProducer)
  readonly #classicCrew = new ClassicCrew()
  readonly #consumerCrew = new ConsumerCrew()
  readonly #transactionalCrew = new TransactionalCrew()
  readonly #transfers = new Transfers()
  #disk = new SimulatedDisk()
  /** `unknown`: the process ended before it served, whatever it found may be there still. */
  #lastStop: 'clean' | 'unclean' | 'unknown' = 'unknown'

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
    this.ledger = new Ledger(this.#time)
    this.world = new World({ time: this.#time, random: this.#random.fork() })
  }

  get disk(): SimulatedDisk {
    return this.#disk
  }

  /** One process, from its start to its end. */
  async live(number: number, wanted?: Ending): Promise<void> {
    const { world } = this
    const random = this.#random
    const ending: Ending = wanted ?? random.weighted({ powerCut: 8, kill: 2, stop: 1 })
    const endsAtCall = wanted ? Number.POSITIVE_INFINITY : lastCallOf(random)
    const life = new Life(this.#time)
    const faults = new Faults({
      random: random.fork(),
      nowMs: () => life.nowMs(),
      ...(wanted && { misbehaviour: 'none' }),
    })
    const fileSystem = new SimulatedFileSystem({
      disk: this.#disk,
      choose: random.below,
      schedule: (delayMs, action) => this.#time.schedule(life, delayMs, action),
      nowMs: () => life.now(),
      fateOf: call => {
        if (call.number < endsAtCall || ending === 'stop') return faults.fateOf(call)
        world.note(`the ${ending} comes during ${call.operation} of ${call.path}`)
        life.end()
        fileSystem.halt()
        return undefined
      },
    })
    world.note(
      `--- life ${number}, ends by ${ending}${endsAtCall < Number.POSITIVE_INFINITY ? ` at disk call ${endsAtCall}` : ''}`,
    )
    world.beginLife(life)
    let isDone = false
    const script = this.#script({ life, fileSystem, faults, ending }).then(
      () => {
        isDone = true
      },
      error => {
        isDone = true
        if (!(error instanceof ConnectionLostError)) world.failure ??= error
      },
    )
    for (let step = 0; !isDone && !life.isOver && world.failure === undefined; step++) {
      if (step > maxSteps || !(await this.#time.step())) throw new Error('a request waits for what never comes')
    }
    if (world.failure !== undefined) throw world.failure
    world.endLife()
    await script
    if (world.failure !== undefined) throw world.failure
    this.counts.diskCalls += fileSystem.callCount
    this.#end(ending, fileSystem)
  }

  async #script({ life, fileSystem, faults, ending }: LifeParts): Promise<void> {
    const { world, ledger } = this
    const random = this.#random.fork()
    const options = { life, random, fileSystem, logger: this.#logger(), properties }
    const lastStop = this.#lastStop
    if (lastStop === 'clean') this.#lastStop = 'unknown'
    // Most disks misbehave while clients are at work, some during the start.
    if (random.chance(0.15))
      faults.begin(random.chance(0.5) ? { fullWithinMs: 1, sparesMetadata: true } : { fullWithinMs: 10 })
    const server = await this.#start(options, faults)
    if (!server) return
    faults.end()
    world.serverStarted(server)
    const { wasCleanStop } = server.services.logs
    check(lastStop !== 'clean' || wasCleanStop, () => 'the stop was clean, the start does not know it')
    check(lastStop !== 'unclean' || !wasCleanStop, () => 'the stop was not clean, the start takes it for clean')
    this.#lastStop = 'unclean'
    // A start that met a fault may lack some logs; none of them may be changed by that, which the next start shows. What only lacked room
    // is there again when there is room.
    const hasAllLogs = faults.count === 0 || (faults.misbehaviour === 'full' && (await this.#allReturn()))
    if (hasAllLogs) {
      await verify(world, ledger, { wasUnclean: !wasCleanStop })
      await this.#transactionalCrew.verify(world, this.#transfers)
      await createTransfersTopic(world, this.#transfers)
      await this.#createLastingTopics()
    }
    faults.begin({ fullWithinMs: 200 })
    const { failed } = server.services.metadata
    const hasFailed = await Promise.race([this.#clients(), failed.then(() => true)])
    if (faults.misbehaviour === 'full' && hasAllLogs && !hasFailed) {
      faults.end()
      await this.#expectWrites()
    }
    // A crash may come while the broker stops, too.
    if (ending === 'stop' || hasFailed || world.random.chance(0.2)) {
      world.note('stopping')
      this.#lastStop = 'unknown'
      await world.untilEnd(() => server.stop())
      this.#lastStop = faults.count === 0 ? 'clean' : 'unknown'
    }
  }

  /** Undefined when the disk did not let the broker start, which then ends with a word about it. */
  async #start(options: ServerOptions, faults: Faults): Promise<SimulatedServer | undefined> {
    try {
      return await this.world.untilEnd(() => SimulatedServer.start(options))
    } catch (error) {
      if (!(error instanceof StorageError) && !(error instanceof KafkaError)) throw error
      check(faults.count > 0, () => `the broker does not start: ${error.message}`)
      this.world.note(`the start has failed: ${error.message}`)
      this.#lastStop = 'unknown'
      return undefined
    }
  }

  /** Resolves with true once every log is open. */
  async #allReturn(): Promise<boolean> {
    const { world } = this
    const offline = () => [...world.server.services.logs.logs()].filter(log => log.isOffline)
    if (offline().length > 0)
      world.note(`without room: ${offline().map(({ topic, partition }) => `${topic}-${partition}`)}`)
    for (let tries = 0; offline().length > 0; tries++) {
      check(
        tries < 100,
        () => `${offline()[0]!.topic} does not return though the disk has room: ${offline()[0]!.offlineReason}`,
      )
      await world.sleep(1000)
    }
    return true
  }

  async #createLastingTopics(): Promise<void> {
    const { world, ledger } = this
    for (const isCompacted of [false, true]) {
      if (ledger.present().some(topic => !topic.isVolatile && topic.rules.isCompacted === isCompacted)) continue
      await createTopic(world, ledger, `stable-${ledger.topics.length}`, { isVolatile: false, isCompacted })
    }
  }

  /** All that clients do in one life. Resolves with false: the metadata log has not failed. */
  async #clients(): Promise<boolean> {
    const { world, ledger } = this
    const count = world.random.between(2, 15)
    await Promise.all([
      producePlainly(world, ledger, count),
      ...this.#producers.map(producer => produceIdempotently(world, ledger, producer, count)),
      consume(world, ledger, count),
      administer(world, ledger, Math.ceil(count / 3)),
      setClock(world),
      ...committerGroupIds.map(groupId => commit(world, ledger, groupId, Math.ceil(count / 2))),
      this.#classicCrew.work(world, ledger, 2 * count),
      this.#consumerCrew.work(world, ledger, Math.ceil(count / 2)),
      this.#transactionalCrew.work(world, this.#transfers, count),
    ])
    return false
  }

  /** There is room again: everything takes records as before, without a restart. */
  async #expectWrites(): Promise<void> {
    const { world, ledger } = this
    for (const topic of ledger.present()) {
      for (let partition = 0; partition < topic.partitionCount.possible[0]!; partition++) {
        const error = await produceOnce(world, ledger, { topic, partition })
        check(
          error === 'NONE',
          () => `${topic.name}-${partition} does not take records though the disk has room again: ${error}`,
        )
      }
    }
  }

  #end(ending: Ending, fileSystem: SimulatedFileSystem): void {
    if (ending === 'powerCut') {
      this.counts.powerCuts++
      const { bytes } = this.#random
      this.#disk = this.#random.chance(0.1) ? fileSystem.cutPower({ stale: bytes }) : fileSystem.cutPower()
      this.ledger.powerWasCut()
    } else {
      if (ending === 'kill') this.counts.kills++
      else this.counts.cleanStops++
      this.#disk = fileSystem.kill()
    }
  }

  #logger() {
    const note = (level: string) => (fields: object, message: string) =>
      this.world.note(`${level}: ${message} ${JSON.stringify(fields, errorsAsText)}`)
    return { debug: () => undefined, info: note('info'), warn: note('warn'), error: note('error') }
  }
}

/** Any of the first few hundred; often one of the start, which is where a second crash meets what the first one left. */
function lastCallOf(random: SeededRandom): number {
  return random.chance(0.4) ? random.between(1, 120) : Math.ceil(Math.exp(random.next() * Math.log(800)))
}

function errorsAsText(_: string, value: unknown): unknown {
  return value instanceof Error ? value.stack : value
}
