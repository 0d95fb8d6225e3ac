/** A TCP proxy on loopback that can be told to be down, to swallow everything, or to lose the answer to what matters. */

import { type Server, type Socket, connect, createServer } from 'node:net'

export type ProxyMode = 'passes' | 'down' | 'silent' | 'loses-answer'

export type Proxy = {
  readonly port: number
  behave(mode: ProxyMode): void
  /** Connections that are open. */
  connections(): number
  close(): Promise<void>
}

/** `matters`: whether these bytes of the client ask for what is to be done, so that the answer to them is the one to lose. */
export async function startProxy(target: () => { readonly host: string; readonly port: number }, matters: (bytes: Buffer) => boolean): Promise<Proxy> {
  let mode: ProxyMode = 'passes'
  const open = new Set<Socket>()
  const server: Server = createServer((client) => {
    if (mode === 'down') return void client.destroy()
    const far = connect(target())
    let losing = false
    for (const socket of [client, far]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        far.destroy()
      })
    }
    client.on('data', (bytes: Buffer) => {
      if (mode === 'silent') return
      if (mode === 'loses-answer' && matters(bytes)) losing = true
      far.write(bytes)
    })
    far.on('data', (bytes: Buffer) => {
      if (mode === 'silent') return
      if (losing) client.destroy()
      else client.write(bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a port')
  const cut = (): void => open.forEach((socket) => socket.destroy())
  return {
    port: address.port,
    behave(next) {
      mode = next
      if (next === 'down') cut()
    },
    connections: () => open.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        cut()
      }),
  }
}
