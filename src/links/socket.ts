/** One TCP conversation between a monitor and a line: the bounds that every socket of ours keeps. */

import type { Socket } from 'node:net'
import { linkLimits } from '../limits.ts'
import type { OpenLine, Peer } from '../seams.ts'

/**
 * Wires a connected socket to a new line until it closes. A frame begun must be done within the frame deadline, however
 * steadily bytes dribble in; an end that does not read is cut before what we owe it grows.
 */
export function converse(socket: Socket, open: OpenLine, peer: Peer): Promise<void> {
  return new Promise((resolve) => {
    let deadline: NodeJS.Timeout | null = null
    const write = (bytes: Uint8Array): void => {
      if (socket.destroyed) return
      socket.write(bytes)
      if (socket.writableLength > linkLimits.writeBacklogBytesMax) socket.destroy(new Error('does not read its acknowledgements'))
    }
    const line = open(peer, write, (reason) => void socket.destroy(new Error(reason)))
    const rest = (): void => {
      if (deadline) clearTimeout(deadline)
      deadline = null
    }
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 10_000)
    socket.on('data', (bytes: Buffer) => {
      const completed = line.receive(bytes)
      // Between two frames a monitor may be silent for as long as it likes.
      const isAtRest = line.atRest?.() ?? completed > 0
      if (isAtRest || completed > 0) rest()
      if (isAtRest) return
      // Real time, not the ward's: a demo at sixty-fold speed has no faster wires.
      deadline ??= setTimeout(() => socket.destroy(new Error('a frame stayed unfinished')), linkLimits.frameDeadlineMs)
    })
    let why = 'closed by the other end'
    socket.on('error', (error) => {
      why = error.message
    })
    socket.on('close', () => {
      rest()
      line.close(why)
      resolve()
    })
  })
}
