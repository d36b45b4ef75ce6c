/** `listeners` and `advertised.listeners`: what their entries mean, and what clients are told to connect to. */

import { isIP } from 'node:net'
import type { ConnectionInfo } from '../services.ts'
import { SettingError } from '../settings/setting.ts'
import type { Settings } from '../settings/settings.ts'

export interface ListenerAddress {
  /** The listener's name, upper case: `PLAINTEXT` where the security protocol itself is given. */
  readonly name: string
  /** Empty: every interface. */
  readonly host: string
  /** 0 asks the system for a free one. */
  readonly port: number
}

/**
 * One `NAME://HOST:PORT`; IPv6 hosts in brackets.
 * @throws SettingError
 */
export function parseListener(setting: string, text: string): ListenerAddress {
  const match = /^([A-Za-z0-9_-]+):\/\/(?:\[([0-9a-fA-F:.%\w]*)\]|([^:[\]/]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[4])
  if (match === null || port > 65_535) {
    throw new SettingError(`Invalid value ${text} for configuration ${setting}: expected NAME://HOST:PORT`)
  }
  return { name: match[1]!.toUpperCase(), host: match[2] ?? match[3] ?? '', port }
}

/**
 * The listeners to open: those that are not for controllers.
 * @throws SettingError, also for a security protocol that is not there
 */
export function listenersToOpen(settings: Settings): ListenerAddress[] {
  const controllers = settings.get('controller.listener.names') ?? []
  const listeners = settings
    .get('listeners')
    .map(text => parseListener('listeners', text))
    .filter(listener => !controllers.some(name => name.toUpperCase() === listener.name))
  if (listeners.length === 0) throw new SettingError('listeners names no address for clients')
  const names = new Set(listeners.map(listener => listener.name))
  if (names.size < listeners.length) throw new SettingError('Each listener must have a different name in listeners')
  const protocols = new Map(
    settings
      .get('listener.security.protocol.map')
      .split(',')
      .map(entry => entry.trim().split(':'))
      .map(([name = '', protocol = '']) => [name.toUpperCase(), protocol.toUpperCase()] as const),
  )
  for (const { name } of listeners) {
    const protocol = protocols.get(name) ?? name
    if (protocol !== 'PLAINTEXT') {
      throw new SettingError(`Listener ${name} asks for ${protocol}: only PLAINTEXT listeners are part of this version`)
    }
  }
  return listeners
}

/** `advertised.listeners`, by listener name. @throws SettingError */
export function advertisedListeners(settings: Settings): ReadonlyMap<string, ListenerAddress> {
  const texts = settings.get('advertised.listeners') ?? []
  return new Map(texts.map(text => parseListener('advertised.listeners', text)).map(address => [address.name, address]))
}

export interface HostAndPort {
  readonly host: string
  readonly port: number
}

/**
 * What a client on this connection is told to connect to: the advertised address where one is set, else the very address
 * that it has reached us by. So a client that got here once always gets here again.
 */
export function addressFor(connection: ConnectionInfo, advertised: ReadonlyMap<string, ListenerAddress>): HostAndPort {
  const address = advertised.get(connection.listenerName)
  if (address !== undefined && address.host !== '') return { host: address.host, port: address.port }
  return { host: connection.localAddress, port: address?.port ?? connection.localPort }
}

/** `HOST:PORT` as it is written: IPv6 in brackets. */
export function formatHostAndPort({ host, port }: HostAndPort): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/** An IPv4 address that came in by an IPv6 socket, in its own form. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
}
