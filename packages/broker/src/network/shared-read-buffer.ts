/**
 * Reads all sockets through one buffer.
 *
 * Left to itself Node allocates 64 KiB for every read of a socket and leaves it to the garbage collector: at a few hundred
 * megabytes a second that is a third of the broker's time. The cure is Node's own `onread` option, which reads into a buffer
 * of ours. It is there for sockets that connect, but a server creates its sockets without it, so an accepted connection is
 * moved to a new socket. That needs the socket's handle, which is not part of Node's documented interface: where it is not
 * there, the socket is read in the ordinary way, slower and otherwise the same.
 */

import { Socket } from 'node:net'

/** What one read can give. All connections share it: a read is over before the next one begins. */
const sharedBytes = 256 * 1024
let shared: Buffer | null = null

type Handle = NonNullable<object>

/**
 * The connection as a socket whose bytes go to `onBytes`; the bytes are valid only until that returns. The accepted socket
 * must be fresh, not flowing, and is not to be used any more.
 */
export function readThroughSharedBuffer(accepted: Socket, onBytes: (bytes: Buffer) => void): Socket {
  const holder = accepted as unknown as { _handle?: Handle | null }
  const handle = holder._handle
  if (handle === undefined || handle === null || !('useUserBuffer' in handle)) {
    accepted.on('data', onBytes)
    return accepted
  }
  shared ??= Buffer.allocUnsafeSlow(sharedBytes)
  holder._handle = null
  accepted.destroy()
  const options = {
    handle,
    onread: {
      buffer: shared,
      callback: (byteCount: number, buffer: Uint8Array): boolean => {
        onBytes((buffer as Buffer).subarray(0, byteCount))
        return true
      },
    },
  }
  return new Socket(options as object)
}
