/** Ports that nobody listens on now: looked for before anything is started that would have to be stopped again. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** For children whose address must be known before they start, and stay the same after. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(server => once(server, 'listening')))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => once(server.close(), 'close')))
  return ports
}

/** Rejects with the system's error when the port can't be listened on. */
export async function assertFree(port: number, host: string): Promise<void> {
  const server = createServer().listen(port, host)
  await once(server, 'listening')
  await once(server.close(), 'close')
}
