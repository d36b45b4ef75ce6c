/**
 * SegmentCleaner in a thread of its own, so that unpacking, hashing and packing millions of records never holds up the event loop. The
 * thread begins with the first task and ends with `close`: an idle broker has none. One call is under way at a time.
 */

import { Worker } from 'node:worker_threads'
import { StorageError, type StorageErrorDetails } from '../storage-error.ts'
import type { Cleaner } from './cleaner.ts'
import type { CleanedSegment, CleaningGroup, CleaningTask } from './segment-cleaner.ts'

export type CleanerRequest = { kind: 'begin'; task: CleaningTask } | { kind: 'cleanGroup'; group: CleaningGroup }

export type CleanerAnswer =
  | { kind: 'done'; value: unknown }
  | { kind: 'storageError'; reason: string; details: StorageErrorDetails }

export class CleanerThread implements Cleaner {
  #worker: Worker | undefined

  begin(task: CleaningTask, signal: AbortSignal): Promise<{ knownEndOffset: number }> {
    return this.#call({ kind: 'begin', task }, signal) as Promise<{ knownEndOffset: number }>
  }

  cleanGroup(group: CleaningGroup, signal: AbortSignal): Promise<CleanedSegment> {
    return this.#call({ kind: 'cleanGroup', group }, signal) as Promise<CleanedSegment>
  }

  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  /** An abort ends the thread: there is no other way to interrupt it. Settles when it has ended. */
  async #call(request: CleanerRequest, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted()
    const worker = this.#start()
    const { promise, resolve, reject } = Promise.withResolvers<CleanerAnswer>()
    const stop = () => void this.close().then(() => reject(signal.reason))
    const exited = (code: number) => reject(new Error(`the compaction thread ended with code ${code}`))
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', exited)
    signal.addEventListener('abort', stop, { once: true })
    worker.postMessage(request)
    try {
      const answer = await promise
      if (answer.kind === 'storageError') throw new StorageError(answer.reason, answer.details)
      return answer.value
    } finally {
      signal.removeEventListener('abort', stop)
      worker.off('message', resolve)
      worker.off('error', reject)
      worker.off('exit', exited)
    }
  }

  #start(): Worker {
    if (this.#worker) return this.#worker
    // As source or compiled, the thread's module stands beside this one.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./cleaner-thread-main.${extension}`, import.meta.url), {
      name: 'compaction',
    })
    worker.unref()
    worker.on('error', () => {
      if (this.#worker === worker) this.#worker = undefined
    })
    this.#worker = worker
    return worker
  }
}
