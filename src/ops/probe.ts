/**
 * What stands at the other end of a cable. First it listens, for devices that talk; then it asks as each driver with a dialogue asks,
 * one after the other. It binds nothing, and a port that is probed must not be in use by the gateway.
 */

import type { MonoMs } from '../domain/time.ts'
import { toolLimits } from '../limits.ts'
import type { LineSetting, OpenResult, OpenedPort } from '../links/ports.ts'
import type { Clock, Driver, SessionOutput } from '../seams.ts'
import { Belief, Guess, type Guessed, SURE } from './guess.ts'

/** `line` null: a connection over a network has none. */
export type Ask = { readonly driver: Driver; readonly line: LineSetting | null }

export type ProbeSetting = {
  readonly open: (line: LineSetting | null, heard: (bytes: Uint8Array) => void) => Promise<OpenResult>
  readonly drivers: readonly Driver[]
  /** Lines to listen on, the likeliest first. */
  readonly listen: readonly (LineSetting | null)[]
  /** Drivers to ask with, the likeliest first; none: the device must talk by itself. */
  readonly ask: readonly Ask[]
  readonly clock: Clock
  /** Told of each attempt as it ends. */
  readonly tried: (attempt: Attempt) => void
}

export type Attempt = {
  readonly line: LineSetting | null
  /** Who asked; null: it was listened. */
  readonly asked: Driver | null
  readonly bytes: number
  readonly best: Guessed | null
  readonly tookMs: number
}

export type ProbeResult =
  | { readonly kind: 'found'; readonly line: LineSetting | null; readonly guessed: Guessed }
  /** `bytes`: what was heard in all. */
  | { readonly kind: 'nothing'; readonly bytes: number }
  | { readonly kind: 'failed'; readonly why: string }

/** Below this nothing is named: bytes that look like a frame once are none. */
const CREDIBLE = 0.4
/** Enough to stop at once where the time to listen is over. */
const ENOUGH = 0.75
/** So few are no talk: a ventilator calls for somebody to talk with, an analyser bids for the line. */
const CALL_BYTES = 12
/** How often what came is looked at. */
const LOOK_MS = 20
/** Who is asked may need so long for the first frame, once it has said anything. */
const FIRST_FRAME_MS = 5_000

/** Whether a driver says something to a device that is silent. */
export const asks = (driver: Driver, now: MonoMs): boolean => driver.open({}).wake(now).send.length > 0

export async function probe(setting: ProbeSetting, stop: AbortSignal): Promise<ProbeResult> {
  const { clock, listen, ask } = setting
  const until = clock.mono() + toolLimits.probeMs
  const { probeListenMs, probeAnswerMs } = toolLimits
  const trials: Trial[] = [
    ...listen.map((line) => ({ line, asked: null, until, windowMs: probeListenMs })),
    ...ask.map(({ driver, line }) => ({ line, asked: driver, until, windowMs: probeAnswerMs })),
    // Some talk seldom: what time is left belongs to them.
    { line: listen[0] ?? null, asked: null, until, windowMs: toolLimits.probeMs },
  ]
  const tried: Attempt[] = []
  for (const [index, trial] of trials.entries()) {
    if (stop.aborted || clock.mono() + probeAnswerMs > until) break
    // Who says nothing at one speed says nothing at another; who talks is garbled at the wrong one.
    const isSilent = tried.length > 0 && tried.every(({ bytes }) => bytes <= CALL_BYTES)
    const isLast = index === trials.length - 1
    if (trial.asked === null && !isLast && isSilent && ask.length > 0) continue
    if (isLast && !isSilent) break
    const done = await attempt(setting, trial, stop)
    if (typeof done === 'string') return { kind: 'failed', why: done }
    tried.push(done)
    setting.tried(done)
    if ((done.best?.sureness ?? 0) >= ENOUGH) break
  }
  return found(tried)
}

function found(tried: readonly Attempt[]): ProbeResult {
  const believed = tried.flatMap(({ line, best }) => (best === null ? [] : [{ line, guessed: best }]))
  const [surest] = believed.toSorted((a, b) => b.guessed.sureness - a.guessed.sureness)
  if (surest === undefined || surest.guessed.sureness < CREDIBLE) return { kind: 'nothing', bytes: tried.reduce((sum, { bytes }) => sum + bytes, 0) }
  return { kind: 'found', ...surest }
}

type Trial = { readonly line: LineSetting | null; readonly asked: Driver | null; readonly until: number; readonly windowMs: number }

/** One opening of the port. A string: it cannot be opened, or has closed. */
async function attempt({ open, drivers, clock }: ProbeSetting, { line, asked, until, windowMs }: Trial, stop: AbortSignal): Promise<Attempt | string> {
  const from = clock.mono()
  const listener = asked === null ? listening(drivers) : asking(asked, clock)
  let bytes = 0
  const port = await open(line, (piece) => {
    bytes += piece.length
    listener.heard(piece)
  })
  if (port.kind === 'failed') return port.why
  let closed: string | null = null
  void port.closed.then((why) => (closed = why))
  listener.opened(port)
  try {
    for (;;) {
      const best = listener.best()
      const spentMs = clock.mono() - from
      const attempted = { line, asked, bytes, best, tookMs: spentMs }
      if (closed !== null) return closed
      if (stop.aborted || clock.mono() >= until || (best?.sureness ?? 0) >= SURE) return attempted
      if (spentMs >= windowMs && isOver(attempted)) return attempted
      await clock.sleep(LOOK_MS, stop)
      listener.look()
    }
  } finally {
    await port.close()
  }
}

/** Whether it is worth to wait on, when the time to hear anything has passed. */
function isOver({ asked, bytes, best, tookMs }: Attempt): boolean {
  if (best !== null) return best.sureness >= ENOUGH || tookMs >= toolLimits.probeConfirmMs
  return asked === null || bytes <= CALL_BYTES || tookMs >= FIRST_FRAME_MS
}

interface Listener {
  opened(port: OpenedPort): void
  heard(bytes: Uint8Array): void
  /** Time has passed. */
  look(): void
  best(): Guessed | null
}

/** All drivers read, as they read a recording: none of them says a word. */
function listening(drivers: readonly Driver[]): Listener {
  const guess = new Guess(drivers, false)
  return { opened: () => undefined, heard: (bytes) => guess.receive(bytes), look: () => undefined, best: () => guess.ranked()[0] ?? null }
}

/** One driver in conversation. */
function asking(driver: Driver, clock: Clock): Listener {
  const session = driver.open({})
  const belief = new Belief(driver)
  let port: OpenedPort | null = null
  let wakeAt: MonoMs | null = null
  const take = (output: SessionOutput, byteCount: number): void => {
    belief.take(byteCount, output.frames)
    wakeAt = output.wakeAt
    for (const bytes of output.send) port?.write(bytes)
  }
  return {
    opened(at) {
      port = at
      take(session.wake(clock.mono()), 0)
    },
    heard: (bytes) => take(session.receive(bytes, clock.mono()), bytes.length),
    look() {
      const now = clock.mono()
      if (wakeAt !== null && now >= wakeAt) take(session.wake(now), 0)
    },
    best: () => (belief.sureness > 0 ? { driver, belief, sureness: belief.sureness } : null),
  }
}
