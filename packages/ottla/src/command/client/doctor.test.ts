import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { suite, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { startOttla } from '../../index.ts'

const bin = new URL('../../bin.ts', import.meta.url).pathname

/** Where an answer is sure to come, a busy machine may take its time. */
async function doctor(brokers: string, timeoutSeconds = 30) {
  const child = spawn(process.execPath, [bin, 'doctor', '-b', brokers, '--json', '--timeout', String(timeoutSeconds)])
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  const [status] = await once(child, 'close')
  const findings = stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
  const faults = findings.filter(({ level }) => level === 'fault')
  return { status, findings, faults, whats: faults.map(({ what }) => what) }
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

suite('ottla doctor', () => {
  test('finds nothing wrong with a broker that is well', async () => {
    await using ottla = await startOttla({ topics: { orders: { partitions: 3 } } })
    const { status, findings, faults } = await doctor(ottla.brokers[0]!)
    assert.deepEqual([status, faults], [0, []])
    assert.ok(findings.some(({ subject, what }) => subject === 'partitions' && what.startsWith('3 looked at')))
    assert.ok(findings.some(({ subject }) => subject.startsWith('disk of')))
    assert.ok(findings.some(({ subject, level }) => subject === 'clocks' && level === 'ok'))
  })

  test('warns of records from the future, the furthest first, and not of a clock that differs a little', async () => {
    const at = (aheadMs: number) => ({ records: [{ value: 'x', timestamp: Date.now() + aheadMs }] })
    await using ottla = await startOttla({ topics: { fine: at(5_000), near: at(600_000), far: at(1_800_000) } })
    const { status, findings } = await doctor(ottla.brokers[0]!)
    const warnings = findings.filter(({ level }) => level === 'warning')
    assert.deepEqual([status, warnings.length, warnings[0].subject], [0, 1, 'clocks'])
    assert.match(warnings[0].what, /^far-0 holds a record from 1[78]\d\d s in the future \(offset 0\), and 1 more/)
  })

  test('tells a closed port, a page, a TLS listener, silence and a wrong name apart', async () => {
    const silent = createServer(socket => socket.on('error', () => undefined).resume())
    const page = createHttpServer((_, response) => response.end('a page'))
    const secure = createTlsServer({})
    const addresses = {
      silent: await listening(silent),
      page: await listening(page),
      secure: await listening(secure),
    }
    const { status, whats } = await doctor(
      ['127.0.0.1:1', addresses.page, addresses.secure, addresses.silent, 'no-such-host.invalid:9092'].join(),
      4,
    )
    assert.equal(status, 1)
    assert.deepEqual(whats, [
      'nothing listens there',
      'it is a web server',
      'the listener speaks TLS',
      'the port is open, but nothing answers within 4000 ms',
      'the name no-such-host.invalid has no address here',
    ])
    for (const server of [silent, page, secure]) server.close()
  })

  test('finds an advertised address that leads nowhere', async () => {
    await using ottla = await startOttla({
      settings: { 'advertised.listeners': 'PLAINTEXT://no-such-host.invalid:9092' },
    })
    const { status, faults, findings } = await doctor(ottla.brokers[0]!)
    assert.equal(status, 1)
    assert.equal(faults.length, 1)
    assert.ok(
      findings.some(({ subject }) => subject.startsWith('disk of')),
      'what was reached is still looked at',
    )
    assert.match(faults[0].subject, /^broker 1, which says it is at no-such-host\.invalid:9092$/)
    assert.match(faults[0].advice, /advertised\.listeners/)
  })

  test('finds brokers of two clusters in one list', async () => {
    await using one = await startOttla()
    await using other = await startOttla()
    const { whats } = await doctor([...one.brokers, ...other.brokers].join())
    assert.match(whats[0], /^it belongs to cluster .+, the one before to .+$/)
  })
})
