/** Five ways in which a gateway can fall silent, between a real process and a real page; each ends again. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

export const KINDS = ['stopped', 'killed', 'black hole', 'blocked loop', 'cut link'] as const
export type Kind = (typeof KINDS)[number]

export interface Silence extends AsyncDisposable {
  readonly url: string
  /** Resolves with the moment at which the silence began. */
  begin(): Promise<number>
  /** Resolves with the moment from which the page could hear again. */
  end(): Promise<number>
}

const SCRIPT = fileURLToPath(new URL('../e2e/fake-gateway.ts', import.meta.url))

async function startGateway(port: number, pages: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, [SCRIPT, String(port), pages], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (child.stdout === null) throw new Error('the gateway has no output')
  const [said]: unknown[] = await once(child.stdout, 'data')
  return { child, url: String(said).trim() }
}

const portOf = (url: string): number => Number(new URL(url).port)

type Wire = 'through' | 'hole' | 'cut'

/** Goes between page and gateway, and can swallow what comes, or refuse it. */
async function startProxy(to: number): Promise<{ readonly port: number; readonly become: (state: Wire) => Promise<void> }> {
  let state: Wire = 'through'
  let holes = 0
  const sockets = new Set<Socket>()
  const take = (from: Socket): void => {
    const on = connect(to, '127.0.0.1')
    for (const socket of [from, on]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => socket.destroy())
    }
    // Who was connected before a hole, or during it, never hears again: the bytes that were lost are lost.
    const born = holes
    const pass = (into: Socket) => (bytes: Buffer) => void (state === 'through' && born === holes && into.write(bytes))
    from.on('data', pass(on))
    on.on('data', pass(from))
    from.on('close', () => on.destroy())
    on.on('close', () => from.destroy())
  }
  const listen = async (at: number): Promise<Server> => {
    const server = createServer(take).listen(at, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  let server: Server | null = await listen(0)
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port,
    async become(next) {
      if (next === 'cut' && server !== null) {
        const closed = once(server, 'close')
        server.close()
        for (const socket of sockets) socket.destroy()
        await closed
        server = null
      }
      if (next !== 'cut' && server === null) server = await listen(port)
      if (next === 'through' && state === 'hole') holes += 1
      state = next
    },
  }
}

/** Resolves with the moment at which it moved again, as it says itself; infinite when it says nothing. On a connection of its own: one that was kept could be gone. */
function block(url: string, blockMs: number): Promise<number> {
  return new Promise((done) => {
    const asked = request(`${url}/fake`, { method: 'POST', agent: false }, (response) => {
      let said = ''
      response.on('data', (bytes: Buffer) => (said += bytes.toString()))
      response.on('end', () => {
        const { at }: { at: number } = JSON.parse(said)
        done(at)
      })
    })
    asked.on('error', () => done(Number.POSITIVE_INFINITY))
    asked.end(JSON.stringify({ blockMs }))
  })
}

/** `blockMs`: how long a blocked loop stands still: it comes back by itself. */
export async function openSilence(kind: Kind, { pages, blockMs }: { readonly pages: string; readonly blockMs: number }): Promise<Silence> {
  let gateway = await startGateway(0, pages)
  const kill = async (): Promise<void> => {
    const { child } = gateway
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  /** The moment before it is done: whatever it takes counts as silence. */
  const before = async (act: () => unknown): Promise<number> => {
    const at = Date.now()
    await act()
    return at
  }
  switch (kind) {
    case 'stopped':
      return { url: gateway.url, begin: () => before(() => gateway.child.kill('SIGSTOP')), end: () => before(() => gateway.child.kill('SIGCONT')), [Symbol.asyncDispose]: kill }
    case 'killed':
      return {
        url: gateway.url,
        begin: () => before(kill),
        // It begins to be back when it is there, and not when somebody begins to start it.
        async end() {
          gateway = await startGateway(portOf(gateway.url), pages)
          return Date.now()
        },
        [Symbol.asyncDispose]: kill,
      }
    case 'blocked loop': {
      let over = Promise.resolve(0)
      return {
        url: gateway.url,
        begin: () => before(() => void (over = block(gateway.url, blockMs))),
        end: () => over,
        [Symbol.asyncDispose]: kill,
      }
    }
    case 'black hole':
    case 'cut link': {
      const proxy = await startProxy(portOf(gateway.url))
      return {
        url: `http://127.0.0.1:${proxy.port}`,
        begin: () => before(() => proxy.become(kind === 'cut link' ? 'cut' : 'hole')),
        end: () => before(() => proxy.become('through')),
        async [Symbol.asyncDispose]() {
          await proxy.become('cut')
          await kill()
        },
      }
    }
  }
}
