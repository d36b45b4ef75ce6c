/** The compaction thread: answers one request after another (cleaner-thread.ts). Knows nothing of logs, only of files. */

import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { blockingFileSystem } from '../file-system/blocking-file-system.ts'
import { StorageError } from '../storage-error.ts'
import type { CleanerAnswer, CleanerRequest } from './cleaner-thread.ts'
import { SegmentCleaner } from './segment-cleaner.ts'

/** Linux counts priority by thread: this one gives way to the broker's own. Elsewhere it would be the whole process. */
const niceness = 10

if (!parentPort) throw new Error('this module runs in a worker thread')
if (process.platform === 'linux') setPriority(niceness)

const port = parentPort
let cleaner: SegmentCleaner | undefined

port.on('message', (request: CleanerRequest) => {
  void answer(request).then(message => port.postMessage(message))
})

async function answer(request: CleanerRequest): Promise<CleanerAnswer> {
  try {
    return { kind: 'done', value: await perform(request) }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error // a bug: it ends the thread, and the caller hears of it
    const { reason, path, positionInBytes, code } = error
    const details = { path, ...(positionInBytes === undefined ? {} : { positionInBytes }), ...(code ? { code } : {}) }
    return { kind: 'storageError', reason, details }
  }
}

function perform(request: CleanerRequest): Promise<unknown> {
  if (request.kind === 'begin') {
    cleaner = new SegmentCleaner(blockingFileSystem, request.task)
    return cleaner.readDirtyPart()
  }
  if (!cleaner) throw new Error('no task has begun')
  return cleaner.cleanGroup(request.group)
}
