/**
 * What a running broker does for a command on the same machine. One request a connection, a line of JSON each way:
 *
 *   {"request":"backup"}  ->  the partitions as of now are held, and where (PreparedBackup); let go of when the connection ends
 *   anything else         ->  {"error": "…"}
 */

import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Logger } from '@ottla/broker'
import type { LogDirectory } from '@ottla/log'
import { controlAddress, controlSocketName } from './control-address.ts'

/** A request is a few words: who sends more means something else. */
const maxRequestBytes = 1024

export interface ControlServer {
  close(): Promise<void>
}

/** Never rejects: without it a broker is as good, but for the commands that need it. */
export async function startControlServer({
  logs,
  logger,
}: {
  logs: LogDirectory
  logger: Logger
}): Promise<ControlServer | null> {
  const address = controlAddress(logs.path)
  const { path } = address
  const without = (reason: string) => {
    address.release()
    logger.warn({ path: logs.path, reason }, 'ottla backup can not reach this broker')
    return null
  }
  if (path === null) return without('the path of the data directory is too long for a socket')
  const sockets = new Set<Socket>()
  const answering = new Set<Promise<void>>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', error => logger.debug({ error: error.message }, 'a command went away'))
    const answered = answer(socket, { logs, logger }).finally(() => answering.delete(answered))
    answering.add(answered)
  })
  try {
    // The directory is locked: a socket that is there is a killed broker's.
    if (process.platform !== 'win32') rmSync(path, { force: true })
    await listen(server, path)
    if (process.platform !== 'win32') chmodSync(path, 0o600)
  } catch (error) {
    server.close()
    return without(error instanceof Error ? error.message : String(error))
  }
  server.unref()
  return {
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await Promise.all(answering)
      if (process.platform !== 'win32') rmSync(resolve(logs.path, controlSocketName), { force: true })
      address.release()
    },
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Resolves when the connection has ended and what was held for it is gone. */
async function answer(socket: Socket, { logs, logger }: { logs: LogDirectory; logger: Logger }): Promise<void> {
  const ended = new Promise<void>(resolve => socket.once('close', () => resolve()))
  const reply = (content: object) => socket.write(`${JSON.stringify(content)}\n`)
  try {
    if (!isBackupRequest(await readLine(socket))) {
      reply({ error: 'This broker does not know the request: is the command of another version?' })
      socket.end()
      return await ended
    }
    socket.resume() // else its end is never noticed
    const backup = await logs.prepareBackup()
    logger.info({ partitions: Object.keys(backup.endOffsets).length, path: backup.path }, 'a backup is being taken')
    try {
      reply(backup)
      await ended
    } finally {
      await logs.discardBackup(backup)
      logger.info({}, 'the backup is over')
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    logger.error({ error: message }, 'a command failed')
    reply({ error: message })
    socket.end()
  }
}

async function readLine(socket: Socket): Promise<string> {
  let bytes = 0
  socket.on('data', chunk => {
    bytes += chunk.length
    if (bytes > maxRequestBytes) socket.destroy()
  })
  for await (const line of createInterface(socket)) return line
  return ''
}

function isBackupRequest(line: string): boolean {
  try {
    const request: unknown = JSON.parse(line)
    return typeof request === 'object' && request !== null && 'request' in request && request.request === 'backup'
  } catch {
    return false
  }
}
