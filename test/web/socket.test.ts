import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { WebSocketServer } from 'ws'
import { afterEach, describe, expect, it } from 'vitest'
import { openSocketWhenThere } from '../../src/web/socket.ts'

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A gateway that answers a question with this status, or never, and counts the sockets that are asked of it. */
async function gateway(status: number | 'never'): Promise<{ readonly port: number; readonly asked: () => Promise<void>; readonly sockets: () => number }> {
  let sockets = 0
  let heard = (): void => undefined
  const asked = new Promise<void>((done) => (heard = done))
  const server = createServer((_request, response) => {
    heard()
    if (status !== 'never') response.writeHead(status).end('{}')
  })
  const upgrades = new WebSocketServer({ server })
  upgrades.on('connection', (socket) => {
    sockets += 1
    socket.send('a snapshot')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(server)
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, asked: () => asked, sockets: () => sockets }
}

/** What happens first, in a word. */
function dial(port: number): { readonly first: Promise<string>; readonly close: () => void } {
  let close = (): void => undefined
  const first = new Promise<string>((said) => {
    const socket = openSocketWhenThere(`ws://127.0.0.1:${port}/ws`, `http://127.0.0.1:${port}/api/me`, {
      opened: () => undefined,
      message: (text) => said(text),
      closed: (code) => said(`closed ${code}`),
      denied: () => said('denied'),
    })
    close = () => {
      socket.close()
      said('given up')
    }
  })
  return { first, close }
}

describe('a page that looks for its gateway again', () => {
  it('opens a socket when the gateway answers', async () => {
    const there = await gateway(200)
    const { first, close } = dial(there.port)
    expect(await first).toBe('a snapshot')
    close()
  })

  it.each([502, 503])('opens none when a proxy answers %i for it: each that fails makes the next one wait', async (status) => {
    const there = await gateway(status)
    expect(await dial(there.port).first).toBe('closed 1006')
    expect(there.sockets()).toBe(0)
  })

  it('opens none when nobody is there', async () => {
    const there = await gateway(200)
    open[0]?.close()
    open[0]?.closeAllConnections()
    expect(await dial(there.port).first).toBe('closed 1006')
  })

  it('finds out that nobody is logged in', async () => {
    const there = await gateway(401)
    expect(await dial(there.port).first).toBe('denied')
    expect(there.sockets()).toBe(0)
  })

  it('says nothing any more once it was given up', async () => {
    const there = await gateway('never')
    const { first, close } = dial(there.port)
    await there.asked()
    close()
    expect(await first).toBe('given up')
    expect(there.sockets()).toBe(0)
  })
})
