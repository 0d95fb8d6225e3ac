/** The postgres sink in front of a server that hangs; what it stores is tried on a real one, in test/contract. */

import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createPostgres } from '../../../src/sync/sinks/postgres.ts'
import { liveBatch, vitalEvent } from '../../contract/sink.ts'

/** PostgreSQL's protocol 3.0: AuthenticationOk and ReadyForQuery. */
const WELCOME = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49])

describe('a server that lets us in and then says nothing', () => {
  it('keeps no conversation open for each time that we gave it up', async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.once('data', () => socket.write(WELCOME))
      socket.on('error', () => undefined)
      socket.once('close', () => sockets.delete(socket))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const sink = createPostgres({ id: 'pg', url: `postgresql://vigil@127.0.0.1:${port}/x`, password: null, tls: null, timeoutMs: 100 })
    for (let times = 0; times < 3; times++) expect(await sink.send(liveBatch('b1', [vitalEvent('k/1')]), new AbortController().signal)).toMatchObject({ kind: 'retry', why: expect.stringContaining('within') })
    await expect.poll(() => sockets.size).toBe(0)
    await sink.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
})
