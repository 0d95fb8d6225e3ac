/** A simulated paging system at the far end of a pseudo-terminal. */

import { openPty, type Pty } from '../pty.ts'
import type { SimulatedPaging } from './device.ts'

export type PagingLine = { readonly pty: Pty; readonly end: () => Promise<void> }

const TICK_MS = 50

/** Null where this machine has no pseudo-terminals. `damage` sees each piece of bytes on its way to the gateway, or from it. */
export async function attachPaging(path: string, device: SimulatedPaging, damage: (bytes: Uint8Array, way: 'in' | 'out') => Uint8Array = (bytes) => bytes): Promise<PagingLine | null> {
  const pty = await openPty(path)
  if (pty === null) return null
  const stop = new AbortController()
  const say = (pieces: readonly Uint8Array[]): void => {
    for (const piece of pieces) pty.write(damage(piece, 'in'))
  }
  pty.onData((bytes) => say(device.hear(damage(bytes, 'out'), performance.now())))
  const ticking = (async () => {
    while (!stop.signal.aborted) {
      say(device.tick(performance.now()))
      await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    }
  })()
  return {
    pty,
    async end() {
      stop.abort()
      await ticking
      await pty.close()
    },
  }
}
