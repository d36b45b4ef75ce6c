/** Java sources of ours that run inside or beside Apache Kafka, compiled against its jars. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { apacheKafka } from './installation.ts'

export interface JavaClasses {
  /** For a JVM's class path, beside Apache Kafka's own. */
  readonly directory: string
  remove(): Promise<void>
}

/** Rejects with the compiler's words. */
export async function compileJava(...sources: readonly string[]): Promise<JavaClasses> {
  const { classPath } = await apacheKafka()
  const { path, remove } = await temporaryDirectory('java-classes')
  try {
    await promisify(execFile)('javac', ['-d', path, '-cp', classPath, ...sources])
    return { directory: path, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
