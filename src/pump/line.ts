/** One open conversation: runs a driver's session behind a wall, wakes it, and settles its frames. */

import type { MonoMs } from '../domain/time.ts'
import type { Driver, DriverSettings, Frame, Line, Outcome, Peer, Session, SessionOutput } from '../seams.ts'

export type LineParts = {
  readonly driver: Driver
  readonly settings: DriverSettings
  readonly peer: Peer
  readonly write: (bytes: Uint8Array) => void
  readonly mono: () => MonoMs
  /** Real milliseconds until a moment of `mono`: a demo's clock runs faster than timers do. */
  readonly timerMsUntil: (at: MonoMs) => number
  /** Takes one frame; calls back once what became of it is certain. */
  readonly frame: (frame: Frame, settled: (outcome: Outcome) => void) => void
  readonly status: (state: 'up' | 'down', why: string) => void
  /** The session threw on these bytes: it is replaced by a fresh one. */
  readonly faulted: (error: unknown, bytes: Uint8Array) => void
}

/** From good to bad: the outcome of several frames is the worst of theirs. */
const SEVERITY: readonly Outcome['kind'][] = ['stored', 'repeated', 'rejected', 'retry']
const worse = (a: Outcome, b: Outcome): Outcome => (SEVERITY.indexOf(b.kind) > SEVERITY.indexOf(a.kind) ? b : a)

const NOTHING: SessionOutput = { frames: [], send: [], wakeAt: null }

export function openSession(parts: LineParts): Line {
  const { driver, settings, write, mono } = parts
  let session: Session = driver.open(settings)
  let timer: NodeJS.Timeout | null = null
  let closed = false

  /** The wall around the driver: its bug costs its session, not the ward. */
  function guarded(run: () => SessionOutput, bytes: Uint8Array): SessionOutput {
    try {
      return run()
    } catch (error) {
      session = driver.open(settings)
      parts.faulted(error, bytes)
      return NOTHING
    }
  }

  function take(output: SessionOutput, settled?: (outcome: Outcome) => void): void {
    if (!closed) for (const bytes of output.send) write(bytes)
    schedule(output.wakeAt)
    const counted = output.frames.filter((frame) => frame.kind !== 'skipped')
    let waiting = counted.length
    let worst: Outcome = { kind: 'stored' }
    if (waiting === 0) settled?.(worst)
    for (const frame of output.frames) {
      const reply = frame.kind === 'skipped' ? null : frame.reply
      parts.frame(frame, (outcome) => {
        const answer = reply?.(outcome)
        if (answer && !closed) write(answer)
        if (frame.kind === 'skipped') return
        worst = worse(worst, outcome)
        if (--waiting === 0) settled?.(worst)
      })
    }
  }

  function schedule(wakeAt: MonoMs | null): void {
    if (timer) clearTimeout(timer)
    timer = null
    if (wakeAt === null || closed) return
    timer = setTimeout(() => take(guarded(() => session.wake(mono()), new Uint8Array(0))), Math.max(0, parts.timerMsUntil(wakeAt)))
  }

  return {
    receive(bytes, settled) {
      const output = guarded(() => session.receive(bytes, mono()), bytes)
      take(output, settled)
      return output.frames.length
    },
    status: parts.status,
    close(why) {
      if (closed) return
      // What is still held is judged now; nobody is there to be answered.
      const output = guarded(() => session.end(mono()), new Uint8Array(0))
      closed = true
      take({ ...output, send: [], wakeAt: null })
      parts.status('down', why)
    },
  }
}
