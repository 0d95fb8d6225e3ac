/** The peers of the MLLP bench, each in a process of its own: they acknowledge and store nothing. `echo` does not even read. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Hl7Server } from '@medplum/hl7'
import { Server } from 'node-hl7-server'
import { freePort } from '../free-port.ts'

export const PEERS = {
  async echo(port: number): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => {})
      socket.on('data', (bytes) => socket.write(bytes))
    }).listen(port, '127.0.0.1')
    await once(server, 'listening')
  },
  async medplum(port: number): Promise<void> {
    const server = new Hl7Server((connection) => connection.addEventListener('message', ({ message }) => connection.send(message.buildAck())))
    await server.start(port)
  },
  async 'node-hl7-server'(port: number): Promise<void> {
    const inbound = new Server({ bindAddress: '127.0.0.1' }).createInbound({ port }, (_request, response) => void response.sendResponse('AA'))
    await once(inbound, 'listen')
  },
} as const

export type PeerName = keyof typeof PEERS

export async function startPeer(name: PeerName): Promise<{ readonly port: number; readonly process: ChildProcess }> {
  const port = await freePort()
  const child = fork(import.meta.filename, [name, String(port)])
  await once(child, 'message')
  return { port, process: child }
}

if (process.argv[1] === import.meta.filename) {
  const name = process.argv[2] as PeerName
  await PEERS[name](Number(process.argv[3]))
  process.on('disconnect', () => process.exit(0))
  process.send?.('up')
}
