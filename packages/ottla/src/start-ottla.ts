/**
 * `startOttla()`: a broker inside a test. By default in a temporary directory and on a free port; prints nothing, keeps no process alive
 * by itself once stopped, and leaves no file behind.
 */

import type { Ottla, StartOttlaOptions } from './testkit/api.ts'
import { startInstance } from './testkit/instance.ts'

/**
 * Starts a broker; resolves when it answers.
 * Rejects with a SettingError, a StorageError, a KafkaError (a topic that can't be created) or the system's error (a port in use).
 */
export function startOttla(options: StartOttlaOptions = {}): Promise<Ottla> {
  return startInstance(options)
}
