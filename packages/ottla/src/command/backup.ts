/** `ottla backup`: a copy of a running broker's data as of one moment, which starts as a broker. */

import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { copyBackup, type Finding, type PreparedBackup, StorageError, verifyDirectory } from '@ottla/log'
import { controlAddress } from '../control/control-address.ts'
import { exitStatus } from './exit-status.ts'
import { reportFailure } from './failure.ts'

export interface BackupOptions {
  dataDir: string
  /** False after `--no-verify`. */
  verify: boolean
}

/** Resolves to the exit status: failed also where the copy has what a restore would stumble over. */
export async function backup(directory: string, { dataDir, verify }: BackupOptions): Promise<number> {
  const target = resolve(directory)
  let connection: Socket | undefined
  try {
    connection = await connectToBroker(dataDir)
    const prepared = await requestBackup(connection)
    const { partitions, bytes } = await copyBackup({ backup: prepared, target })
    connection.destroy() // the broker lets go of what it holds
    process.stdout.write(`${target}: ${partitions} partitions, ${bytes} bytes\n`)
    const leftOut = Object.entries(prepared.leftOut)
    for (const [name, reason] of leftOut)
      process.stderr.write(`ottla: ${name} is not in it, since it is offline: ${reason}\n`)
    const isWhole = !verify || (await isUndamaged(target))
    return isWhole && leftOut.length === 0 ? exitStatus.ok : exitStatus.failed
  } catch (error) {
    return reportFailure(error)
  } finally {
    connection?.destroy()
  }
}

/** Rejects with a StorageError where no broker answers. */
async function connectToBroker(dataDir: string): Promise<Socket> {
  const path = resolve(dataDir)
  if (!existsSync(path))
    throw new StorageError('There is no such directory: name the one of the broker with --data-dir', { path })
  const address = controlAddress(path)
  if (address.path === null)
    throw new StorageError('The path is too long for a socket: stop the broker and copy the directory', { path })
  const socket = connect(address.path)
  try {
    await once(socket, 'connect')
    return socket
  } catch (cause) {
    throw new StorageError(
      'No broker that this user may reach runs on the directory. Of a broker that is stopped, the directory itself can be copied',
      { path, cause },
    )
  } finally {
    address.release()
  }
}

async function requestBackup(socket: Socket): Promise<PreparedBackup> {
  socket.write('{"request":"backup"}\n')
  for await (const line of createInterface(socket)) {
    const answer: unknown = JSON.parse(line)
    if (isPrepared(answer)) return answer
    throw new StorageError(`The broker can't be backed up: ${errorIn(answer)}`, { path: 'the broker' })
  }
  throw new StorageError('The broker went away', { path: 'the broker' })
}

function isPrepared(answer: unknown): answer is PreparedBackup {
  return (
    typeof answer === 'object' && answer !== null && 'path' in answer && 'endOffsets' in answer && 'leftOut' in answer
  )
}

function errorIn(answer: unknown): string {
  return typeof answer === 'object' && answer !== null && 'error' in answer ? String(answer.error) : 'it gave no reason'
}

/** Reads the copy once more, every byte: a backup that can't be restored is none. */
async function isUndamaged(path: string): Promise<boolean> {
  let isUndamaged = true
  const report = ({ severity, path, message }: Finding) => {
    if (severity !== 'damage') return
    isUndamaged = false
    process.stderr.write(`ottla: ${path}: ${message}\n`)
  }
  await verifyDirectory({ path, report })
  return isUndamaged
}
