/**
 * `npm start`. Settings: PORT (3000; 0 asks the system), SHOP_DATA (shop-data), KAFKA_BROKERS (a cluster to use; without it
 * the shop starts a broker of its own).
 */
import { startStage } from './stage.ts'

const host = '127.0.0.1'
const port = Number(process.env.PORT ?? 3000)

if (!Number.isInteger(port) || port < 0 || port > 65_535) fail(`PORT must be a port number, not ${process.env.PORT}.`)

try {
  const stage = await startStage({
    port,
    host,
    dataDirectory: process.env.SHOP_DATA || 'shop-data',
    brokers: process.env.KAFKA_BROKERS || undefined,
  })
  process.stdout.write(
    [
      '',
      `  The shop is open:  ${stage.url}`,
      `  API:               ${stage.url}/orders  (described in ${stage.url}/openapi.json)`,
      `  Broker:            ${stage.brokers}${stage.ownBroker ? '  (Ottla)' : '  (KAFKA_BROKERS)'}`,
      '  Stop:              Ctrl+C',
      ...stage.notReady.map(name => `  Not ready yet:     ${name} (its log is in logs/ of the data directory)`),
      '',
      '',
    ].join('\n'),
  )
  let stopping = false
  const onSignal = () => {
    if (stopping) {
      stage.killAll()
      process.exit(1)
    }
    stopping = true
    void stage.stop().then(() => process.exit(0))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  if (process.env.npm_lifecycle_event !== undefined) stopWhenOrphaned(onSignal)
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    fail(
      `Port ${port} is in use. Stop what listens there, or choose another: PORT=3001 npm start (0 takes a free one).`,
    )
  }
  fail(`The shop could not start: ${message}`)
}

/** npm starts this through a shell, and a shell that is told to end does not pass that on. Its end is the signal then. */
function stopWhenOrphaned(stop: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, 500).unref()
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
