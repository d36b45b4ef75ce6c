import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectionInfo } from '../services.ts'
import { SettingError } from '../settings/setting.ts'
import { Settings } from '../settings/settings.ts'
import {
  addressFor,
  advertisedListeners,
  formatHostAndPort,
  listenersToOpen,
  parseListener,
  plainAddress,
} from './listener-address.ts'

const settingsOf = (properties: Record<string, string>): Settings => new Settings(new Map(Object.entries(properties)))
const connection = { listenerName: 'PLAINTEXT', localAddress: '192.168.1.7', localPort: 9092 } as ConnectionInfo

test('reads names, hosts and ports', () => {
  assert.deepEqual(parseListener('listeners', 'PLAINTEXT://localhost:9092'), {
    name: 'PLAINTEXT',
    host: 'localhost',
    port: 9092,
  })
  assert.deepEqual(parseListener('listeners', 'internal://:0'), { name: 'INTERNAL', host: '', port: 0 })
  assert.deepEqual(parseListener('listeners', 'PLAINTEXT://[::1]:9092'), { name: 'PLAINTEXT', host: '::1', port: 9092 })
})

test('refuses what is no address', () => {
  for (const text of [
    'localhost:9092',
    'PLAINTEXT://localhost',
    'PLAINTEXT://localhost:70000',
    'PLAINTEXT://a/b:1',
    '',
  ]) {
    assert.throws(() => parseListener('listeners', text), SettingError)
  }
})

test("opens the listeners of Kafka's own server.properties that are for clients", () => {
  const settings = settingsOf({
    'process.roles': 'broker,controller',
    listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    'controller.listener.names': 'CONTROLLER',
  })
  assert.deepEqual(listenersToOpen(settings), [{ name: 'PLAINTEXT', host: '', port: 9092 }])
})

test('refuses security protocols that are not there, and names given twice', () => {
  assert.throws(() => listenersToOpen(settingsOf({ listeners: 'SSL://:9093' })), /only PLAINTEXT listeners/)
  const mapped = { listeners: 'OUTSIDE://:9093', 'listener.security.protocol.map': 'OUTSIDE:SASL_SSL' }
  assert.throws(() => listenersToOpen(settingsOf(mapped)), /Listener OUTSIDE asks for SASL_SSL/)
  assert.throws(() => listenersToOpen(settingsOf({ listeners: 'PLAINTEXT://:1,PLAINTEXT://:2' })), /different name/)
  const named = { listeners: 'INSIDE://:9093', 'listener.security.protocol.map': 'INSIDE:PLAINTEXT' }
  assert.equal(listenersToOpen(settingsOf(named)).length, 1)
})

test('tells a client the address that it came by, unless one is advertised', () => {
  assert.deepEqual(addressFor(connection, advertisedListeners(settingsOf({}))), { host: '192.168.1.7', port: 9092 })
  const advertised = advertisedListeners(settingsOf({ 'advertised.listeners': 'PLAINTEXT://kafka.example:19092' }))
  assert.deepEqual(addressFor(connection, advertised), { host: 'kafka.example', port: 19092 })
})

test('writes IPv6 addresses in brackets and mapped IPv4 addresses plainly', () => {
  assert.equal(formatHostAndPort({ host: '::1', port: 9092 }), '[::1]:9092')
  assert.equal(formatHostAndPort({ host: 'localhost', port: 9092 }), 'localhost:9092')
  assert.equal(plainAddress('::ffff:127.0.0.1'), '127.0.0.1')
  assert.equal(plainAddress('::1'), '::1')
})
