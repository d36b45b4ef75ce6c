/** All the processes of the shop's services: each service has up to four instances, of which the first is its usual one. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServiceName } from '../contracts/topic.ts'
import { SupervisedProcess } from './supervisor.ts'

/** As many as a topic has partitions: a further one would have nothing to read. */
export const maxInstances = 4
/** What runs only when it is asked for: the shop does not miss it. */
export const optionalServices: readonly ServiceName[] = ['analytics']

export type Instance = { service: ServiceName; instance: number; url: string; process: SupervisedProcess }

export class Fleet {
  readonly instances: readonly Instance[]
  /** Counts the requests of each service, to give each instance its turn. */
  readonly #turns = new Map<ServiceName, number>()

  /** @param options `ports`: one for each instance of each service */
  constructor(options: {
    services: readonly ServiceName[]
    ports: readonly number[]
    dataDirectory: string
    /** The settings that all have in common. */
    env: Record<string, string>
  }) {
    const { services, ports, dataDirectory, env } = options
    this.instances = services.flatMap((service, row) =>
      Array.from({ length: maxInstances }, (_, column): Instance => {
        const instance = column + 1
        const name = instance === 1 ? service : `${service}-${instance}`
        const port = ports[row * maxInstances + column]
        const process = new SupervisedProcess({
          name,
          logFile: join(dataDirectory, 'logs', `${name}.log`),
          command: () => ({
            script: fileURLToPath(new URL(`../${service}/main.ts`, import.meta.url)),
            args: [],
            env: { ...env, PORT: String(port), SHOP_INSTANCE: String(instance) },
          }),
        })
        return { service, instance, url: `http://127.0.0.1:${port}`, process }
      }),
    )
  }

  get processes(): SupervisedProcess[] {
    return this.instances.map(({ process }) => process)
  }

  find(processName: string): Instance | undefined {
    return this.instances.find(({ process }) => process.name === processName)
  }

  of(service: string): Instance[] {
    return this.instances.filter(instance => instance.service === service)
  }

  /** Starts the usual instance of every service that is not optional. */
  start(): void {
    for (const { service, instance, process } of this.instances) {
      if (instance === 1 && !optionalServices.includes(service)) process.start()
    }
  }

  /** The address of the instance whose turn it is, of those that run; the usual one's if none does. */
  addressOf(service: ServiceName): string {
    const all = this.of(service)
    const running = all.filter(({ process }) => process.state === 'running')
    const turn = this.#turns.get(service) ?? 0
    this.#turns.set(service, turn + 1)
    return (running[turn % running.length] ?? all[0])?.url ?? ''
  }

  /** Starts and stops instances until `count` of the service run, the first ones. */
  async scale(service: ServiceName, count: number, stopLimitMs: number): Promise<void> {
    const stopping: Promise<void>[] = []
    for (const { instance, process } of this.of(service)) {
      if (instance <= count) process.start()
      else if (process.state !== 'stopped') stopping.push(process.stop(stopLimitMs))
    }
    await Promise.all(stopping)
  }

  async stop(limitMs: number): Promise<void> {
    await Promise.all(this.processes.map(process => process.stop(limitMs)))
  }
}
