/** The broker as a part: what the `ottla` command and `startOttla()` are made of. */

export { StorageError } from '@ottla/log'
export { type ApiEntry, apiTable } from './api-table.ts'
export { Broker, type BrokerOptions } from './broker.ts'
export { type Logger, printable, silentLogger } from './logger.ts'
export type { Topic } from './metadata/metadata.ts'
export type { AnswerBytes } from './network/dispatcher.ts'
export { formatHostAndPort, type HostAndPort } from './network/listener-address.ts'
export type { HookedRequest, Intervention, RequestHook } from './network/request-hook.ts'
export type { OpenListener } from './network/socket-server.ts'
export { parseProperties } from './settings/properties.ts'
export { SettingError } from './settings/setting.ts'
export { Settings } from './settings/settings.ts'
