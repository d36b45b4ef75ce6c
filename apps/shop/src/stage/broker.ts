/** Our own broker as a child process: the `ottla` command, as anyone would start it. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { SupervisedProcess } from './supervisor.ts'

const readyLine = /^Ottla is ready at kafka:\/\/(\S+?),?(?:\s|$)/
const readyWithinMs = 15_000

/** Resolves when the broker takes connections. @throws Error with the broker's own words when it does not start */
export async function startBroker(dataDirectory: string): Promise<{ process: SupervisedProcess; address: string }> {
  // The same port after each restart: that is where the clients look for it.
  const [port] = await freePorts(1)
  const address = `127.0.0.1:${port}`
  const args = ['start', '--listen', address, '--data-dir', join(dataDirectory, 'broker'), '--no-console']
  const logFile = join(dataDirectory, 'logs', 'broker.log')
  const broker = new SupervisedProcess({
    name: 'broker',
    command: () => ({ script: ottlaCommand(), args, env: {} }),
    logFile,
  })
  const lines: string[] = []
  const ready = new Promise<void>((resolve, reject) => {
    broker.on('line', line => {
      if (lines.length < 20) lines.push(line)
      if (readyLine.test(line)) resolve()
    })
    broker.on('change', () => {
      if (broker.state === 'crashed') reject(new Error(`The broker did not start:\n${lines.join('\n')}`))
    })
  })
  const timeout = AbortSignal.timeout(readyWithinMs)
  const late = once(timeout, 'abort').then(() => {
    throw new Error(`The broker was not ready after ${readyWithinMs / 1000} s; see ${logFile}.`)
  })
  broker.start()
  try {
    await Promise.race([ready, late])
  } catch (error) {
    await broker.stop(0)
    throw error
  } finally {
    broker.removeAllListeners()
  }
  return { process: broker, address }
}

/** The command of the installed package: its name and place are in its package.json. */
function ottlaCommand(): string {
  const manifest = findPackageJSON('ottla', import.meta.url)
  if (manifest === undefined) throw new Error('The package ottla is not installed: run npm ci.')
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { ottla: string } }
  return join(dirname(manifest), bin.ottla)
}
