/**
 * A loopback port for a server that must be told its port, or keep it over a restart. Not one that the system hands out
 * itself (Linux: 32768 and up): between two starts of the server any outgoing connection on the machine could get that one.
 */

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const LOWEST = 10_000
const BEYOND = 32_000
const TRIES = 100

/** Nobody listened there a moment ago. @throws Error when a hundred in a row are taken. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(LOWEST, BEYOND)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
  throw new Error(`no free port of 127.0.0.1 found in ${TRIES} tries`)
}
