/** The whole shop in one call: broker, services and gateway, started in order and stopped in the reverse order. */
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServiceName } from '../contracts/topic.ts'
import { startBroker } from './broker.ts'
import { assertFree, freePorts } from './free-ports.ts'
import { createGateway } from './gateway.ts'
import { LagReader } from './lag.ts'
import { Monitor } from './monitor.ts'
import { buildPage } from './page.ts'
import { SupervisedProcess } from './supervisor.ts'

export const serviceNames = ['order', 'payment', 'inventory', 'notification'] as const satisfies readonly ServiceName[]

/** Services first: they still need the broker to commit. Together less than the five seconds that a stop may take. */
const servicesStopMs = 3000
const brokerStopMs = 1500

export type Stage = {
  url: string
  brokers: string
  ownBroker: boolean
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
}): Promise<Stage> {
  const dataDirectory = resolve(options.dataDirectory)
  await assertFree(options.port, options.host)
  const pageDirectory = await buildPage()
  const own = options.brokers === undefined ? await startBroker(dataDirectory) : undefined
  const brokers = options.brokers ?? own?.address ?? ''
  const ports = await freePorts(serviceNames.length)
  const urls = new Map<string, string>(serviceNames.map((name, index) => [name, `http://127.0.0.1:${ports[index]}`]))
  const services = serviceNames.map(
    (name, index) =>
      new SupervisedProcess({
        name,
        logFile: join(dataDirectory, 'logs', `${name}.log`),
        command: () => ({
          script: fileURLToPath(new URL(`../${name}/main.ts`, import.meta.url)),
          args: [],
          env: {
            PORT: String(ports[index]),
            SHOP_DATA: dataDirectory,
            KAFKA_BROKERS: brokers,
            PAYMENT_URL: urls.get('payment') ?? '',
            INVENTORY_URL: urls.get('inventory') ?? '',
            NOTIFICATION_URL: urls.get('notification') ?? '',
          },
        }),
      }),
  )
  const processes = own === undefined ? services : [own.process, ...services]
  const killAll = () => {
    for (const process of processes) process.kill()
  }
  const monitor = new Monitor({ processes, urls, lag: new LagReader(brokers.split(',')), brokers })
  const gateway = await createGateway({ urls, monitor, processes, pageDirectory })
  const stop = async () => {
    await gateway.close()
    await monitor.stop()
    await Promise.all(services.map(service => service.stop(servicesStopMs)))
    await own?.process.stop(brokerStopMs)
  }
  try {
    for (const service of services) service.start()
    const url = await gateway.listen({ host: options.host, port: options.port })
    monitor.start()
    return { url, brokers, ownBroker: own !== undefined, stop, killAll }
  } catch (error) {
    await stop()
    throw error
  }
}
