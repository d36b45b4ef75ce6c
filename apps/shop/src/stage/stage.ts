/** The whole shop in one call: broker, services and gateway, started in order and stopped in the reverse order. */
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { orders } from '../contracts/orders.ts'
import type { SimulatorName } from '../contracts/simulators.ts'
import { serviceNames } from '../contracts/topic.ts'
import { startBroker } from './broker.ts'
import { claimDataDirectory } from './data-directory.ts'
import { Fleet, maxInstances, optionalServices } from './fleet.ts'
import { assertFree, freePorts } from './free-ports.ts'
import { createGateway } from './gateway.ts'
import { LagReader } from './lag.ts'
import { Follower } from './log/follower.ts'
import { GroupMover } from './log/move-group.ts'
import { RecordReader } from './log/record-reader.ts'
import { Monitor } from './monitor.ts'
import { buildPage } from './page.ts'
import { whenReady } from './readiness.ts'
import { SupervisedProcess } from './supervisor.ts'

export const simulatorNames = ['bank', 'mail'] as const satisfies readonly SimulatorName[]

/** Services first: they still need the broker to commit. Together less than the five seconds that a stop may take. */
const servicesStopMs = 3000
const brokerStopMs = 1500
const readyWithinMs = 20_000

export type Stage = {
  url: string
  brokers: string
  ownBroker: boolean
  /** Services that were not ready in time: the page shows what they do. Empty as a rule. */
  notReady: string[]
  stop: () => Promise<void>
  /** SIGKILL to every child: for a user who can't wait. */
  killAll: () => void
}

/** @param options `brokers` names a running cluster; without it the stage starts a broker of its own */
export async function startStage(options: {
  port: number
  host: string
  dataDirectory: string
  brokers: string | undefined
  /** Further settings of the services. */
  env?: Record<string, string>
}): Promise<Stage> {
  const dataDirectory = resolve(options.dataDirectory)
  claimDataDirectory(dataDirectory)
  await assertFree(options.port, options.host)
  const pageDirectory = await buildPage()
  const own = options.brokers === undefined ? await startBroker(dataDirectory) : undefined
  const brokers = options.brokers ?? own?.address ?? ''
  const ports = await freePorts(simulatorNames.length + serviceNames.length * maxInstances)
  const addressOf = (index: number) => `http://127.0.0.1:${ports[index]}`
  const simulatorUrls = new Map<string, string>(simulatorNames.map((name, index) => [name, addressOf(index)]))
  const servicePorts = ports.slice(simulatorNames.length)
  const urls = new Map<string, string>(
    serviceNames.map((name, index) => [name, addressOf(simulatorNames.length + index * maxInstances)]),
  )
  const env: Record<string, string> = {
    SHOP_DATA: dataDirectory,
    KAFKA_BROKERS: brokers,
    ...Object.fromEntries([...urls, ...simulatorUrls].map(([name, url]) => [`${name.toUpperCase()}_URL`, url])),
    ...options.env,
  }
  const fleet = new Fleet({ services: serviceNames, ports: servicePorts, dataDirectory, env })
  const simulators = simulatorNames.map(
    (name, index) =>
      new SupervisedProcess({
        name,
        logFile: join(dataDirectory, 'logs', `${name}.log`),
        command: () => ({
          script: fileURLToPath(new URL(`../simulators/${name}/main.ts`, import.meta.url)),
          args: [],
          env: { ...env, PORT: String(ports[index]) },
        }),
      }),
  )
  const processes = [...(own === undefined ? [] : [own.process]), ...fleet.processes, ...simulators]
  const killAll = () => {
    for (const process of processes) process.kill()
  }
  const lag = new LagReader(brokers.split(','))
  const monitor = new Monitor({
    processes,
    fleet,
    simulatorUrls,
    lag,
    brokers,
    shopUrl: () => gateway.listeningOrigin,
  })
  const log = openLog(brokers.split(','), fleet)
  const gateway = await createGateway({ fleet, simulatorUrls, monitor, processes, pageDirectory, ...log })
  const stop = async () => {
    await gateway.close()
    await Promise.all([log.follower.close(), log.reader.close()])
    await monitor.stop()
    await fleet.stop(servicesStopMs)
    await Promise.all([own?.process, ...simulators].map(process => process?.stop(brokerStopMs)))
  }
  try {
    for (const simulator of simulators) simulator.start()
    fleet.start()
    const awaited = [...urls].filter(([name]) => !optionalServices.some(optional => optional === name))
    const notReady = await whenReady(new Map(awaited), readyWithinMs)
    const url = await gateway.listen({ host: options.host, port: options.port })
    monitor.start()
    return { url, brokers, ownBroker: own !== undefined, notReady, stop, killAll }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What the page does with the log: it follows `orders`, reads single records, and moves groups. */
function openLog(brokers: string[], fleet: Fleet) {
  const client = (clientId: string) => ({ brokers, clientId })
  return {
    follower: new Follower({ client: client('stage-follower'), topic: orders }),
    reader: new RecordReader(client('stage-reader')),
    mover: new GroupMover({
      client: client('stage-mover'),
      readers: group => fleet.of(group).map(({ process }) => process),
    }),
  }
}
