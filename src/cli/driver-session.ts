/** One driver at one port for as long as somebody looks: opens it, keeps the conversation going, opens it again when it was lost. */

import type { MonoMs } from '../domain/time.ts'
import { linkLimits } from '../limits.ts'
import { type Target, openPort } from '../links/ports.ts'
import type { Clock, Frame, Session, SessionOutput } from '../seams.ts'

export interface Watcher {
  heard(bytes: Uint8Array, frames: readonly Frame[]): void
  sent(bytes: Uint8Array): void
  /** What became of the port, in words. */
  port(what: string): void
  /** Called several times a second. */
  look(): void
}

type Run = { readonly clock: Clock; readonly stop: AbortSignal }

const LOOK_MS = 20

/**
 * Runs until `stop`; `session` null only listens. Returns why the port could not be opened in the first place, or null.
 */
export async function watchPort(target: Target, openSession: (() => Session) | null, watcher: Watcher, { clock, stop }: Run): Promise<string | null> {
  let isFirst = true
  while (!stop.aborted) {
    const why = await oneOpening(target, openSession?.() ?? null, watcher, { clock, stop })
    if (why.kind === 'failed' && isFirst) return why.why
    isFirst = false
    if (stop.aborted) break
    watcher.port(why.why)
    await clock.sleep(linkLimits.serialReopenDelayMs, stop)
  }
  return null
}

type Ended = { readonly kind: 'failed' | 'over'; readonly why: string }

async function oneOpening(target: Target, session: Session | null, watcher: Watcher, { clock, stop }: Run): Promise<Ended> {
  const over = new AbortController()
  let why = 'stopped'
  const end = (reason: string): void => {
    if (!over.signal.aborted) why = reason
    over.abort()
  }
  let wakeAt: MonoMs | null = null
  let write: (bytes: Uint8Array) => void = () => undefined
  const take = (output: SessionOutput, bytes: Uint8Array): void => {
    wakeAt = output.wakeAt
    watcher.heard(bytes, output.frames)
    for (const said of output.send) {
      write(said)
      watcher.sent(said)
    }
    if (output.close !== undefined) end(output.close)
  }
  const port = await openPort(target, (bytes) => {
    if (over.signal.aborted) return
    if (session === null) watcher.heard(bytes, [])
    else take(session.receive(bytes, clock.mono()), bytes)
  })
  if (port.kind === 'failed') return port
  write = port.write
  void port.closed.then(end)
  if (session !== null) take(session.wake(clock.mono()), EMPTY)
  const either = AbortSignal.any([stop, over.signal])
  while (!either.aborted) {
    await clock.sleep(LOOK_MS, either)
    if (session !== null && wakeAt !== null && clock.mono() >= wakeAt && !either.aborted) take(session.wake(clock.mono()), EMPTY)
    watcher.look()
  }
  if (session !== null) watcher.heard(EMPTY, session.end(clock.mono()).frames)
  await port.close()
  return { kind: 'over', why }
}

const EMPTY = new Uint8Array(0)
