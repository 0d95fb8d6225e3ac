/** One open conversation: runs a driver's session behind a wall, wakes it, and settles its frames. */

import { type MonoMs, monoMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import type { Driver, DriverSettings, Frame, Line, Outcome, Peer, Session, SessionOutput } from '../seams.ts'

export type LineParts = {
  readonly driver: Driver
  readonly settings: DriverSettings
  readonly peer: Peer
  readonly write: (bytes: Uint8Array) => void
  /** Ends the conversation, where the link can. */
  readonly hangUp?: ((why: string) => void) | undefined
  readonly mono: () => MonoMs
  /** Real milliseconds until a moment of `mono`: a demo's clock runs faster than timers do. */
  readonly timerMsUntil: (at: MonoMs) => number
  /** Takes one frame; calls back once what became of it is certain. `answered`: its sender hears of it, and sends again if it failed. */
  readonly frame: (frame: Frame, settled: (outcome: Outcome) => void, answered: boolean) => void
  readonly status: (state: 'up' | 'down', why: string) => void
  /** Bytes of this conversation are about to be read: if they end the process, it is known whose they were. */
  readonly reading: () => void
  /** A whole frame of it was read and taken, and nothing happened. */
  readonly wasRead: () => void
  /** Whether this conversation did harm, and its bytes are not read for now. */
  readonly isHeld: () => boolean
  /** The session threw on these bytes: it is replaced by a fresh one. */
  readonly faulted: (error: unknown) => void
}

/** From good to bad: the outcome of several frames is the worst of theirs. */
const SEVERITY: readonly Outcome['kind'][] = ['stored', 'repeated', 'rejected', 'retry']
const worse = (a: Outcome, b: Outcome): Outcome => (SEVERITY.indexOf(b.kind) > SEVERITY.indexOf(a.kind) ? b : a)

const NO_BYTES = new Uint8Array(0)

export function openSession(parts: LineParts): Line {
  const { driver, settings, write, mono } = parts
  let session: Session = driver.open(settings)
  let timer: NodeJS.Timeout | null = null
  let closed = false
  /** What was kept since it is held, in chunks; null while it is not. */
  let held: number | null = null
  /** A dialogue that began afresh and has not spoken: the other end may speak only when asked, so nothing else would wake it. */
  let isUnwoken = false
  /** The driver made frames of the last bytes; that all went well is known only when they are taken. */
  let isRead = false
  const keepsBorders = driver.transport === 'mqtt' || driver.transport === 'udp'

  function beginAfresh(): void {
    session = driver.open(settings)
    isUnwoken = driver.openCapture !== undefined
    if (timer) clearTimeout(timer)
    timer = null
  }

  /** The wall around the driver: its bug costs its session, not the ward, and the bytes are kept like any bad frame. */
  function guarded(run: () => SessionOutput, bytes: Uint8Array): SessionOutput {
    isRead = false
    parts.reading()
    try {
      const output = run()
      isRead = output.frames.length > 0
      return output
    } catch (error) {
      beginAfresh()
      parts.faulted(error)
      const why = `driver ${driver.id} failed on these bytes`
      const frames: readonly Frame[] = [{ kind: 'bad', offset: 0, length: bytes.length, bytes, why, reply: null }]
      // The other end of a dialogue would go on with what a fresh session knows nothing of.
      return { frames, send: [], wakeAt: null, ...(driver.openCapture === undefined ? {} : { close: why }) }
    }
  }

  /** Where the transport keeps the borders of messages, a message that is not whole is judged at its end: it must not swallow the next. */
  function receiveOnce(bytes: Uint8Array): SessionOutput {
    const begun = session.receive(bytes, mono())
    if (!keepsBorders) return begun
    const ended = session.end(mono())
    const frames = [...begun.frames, ...ended.frames]
    // The message is answered as a whole: one of which nothing was read is kept, or what is acknowledged would be nowhere.
    // A dialogue is full of messages without values, and acknowledges none.
    const nothing = driver.openCapture === undefined && bytes.length > 0 && frames.every(({ kind }) => kind === 'skipped')
    const kept: Frame = { kind: 'bad', offset: 0, length: bytes.length, bytes, why: 'no message in it', reply: null }
    const close = ended.close ?? begun.close
    return { frames: nothing ? [kept] : frames, send: [...begun.send, ...ended.send], wakeAt: ended.wakeAt, ...(close === undefined ? {} : { close }) }
  }

  /** Not read: the first chunks are kept as they come, and of messages that would be sent again all. Begins afresh when it is over. */
  function kept(bytes: Uint8Array): SessionOutput {
    isRead = false
    if (held === null) beginAfresh()
    held = (held ?? 0) + (bytes.length > 0 ? 1 : 0)
    const why = `not read: ${driver.id} failed on this conversation before`
    const isKept = bytes.length > 0 && (keepsBorders || held <= pumpLimits.heldChunksKeptMax)
    return { frames: isKept ? [{ kind: 'bad', offset: 0, length: bytes.length, bytes, why, reply: null }] : [], send: [], wakeAt: null }
  }

  function run(read: () => SessionOutput, bytes: Uint8Array): SessionOutput {
    if (parts.isHeld()) return kept(bytes)
    held = null
    return guarded(read, bytes)
  }

  function take(output: SessionOutput, settled?: (outcome: Outcome) => void): void {
    if (!closed) for (const bytes of output.send) write(bytes)
    schedule(output.wakeAt)
    const counted = output.frames.filter((frame) => frame.kind !== 'skipped')
    let waiting = counted.length
    let worst: Outcome = { kind: 'stored' }
    if (waiting === 0) settled?.(worst)
    for (const frame of output.frames) {
      // What waits for the disk holds the reply alone, and not the frame: in a turn of many messages the garbage collector copies all that waits.
      const isSkipped = frame.kind === 'skipped'
      const reply = isSkipped ? null : frame.reply
      parts.frame(frame, (outcome) => {
        const answer = reply?.(outcome)
        if (answer && !closed) write(answer)
        if (isSkipped) return
        worst = worse(worst, outcome)
        if (--waiting === 0) settled?.(worst)
      }, reply !== null || settled !== undefined)
    }
    if (isRead) parts.wasRead()
    if (output.close !== undefined && !closed) parts.hangUp?.(output.close)
  }

  function wake(): void {
    timer = null
    const woken = (): SessionOutput => {
      isUnwoken = false
      return session.wake(mono())
    }
    take(run(woken, NO_BYTES))
  }

  /** One that has not spoken is tried again until it may: what is heard meanwhile does not put that off. */
  function schedule(wanted: MonoMs | null): void {
    if (isUnwoken && timer && !closed) return
    if (timer) clearTimeout(timer)
    timer = null
    const wakeAt = isUnwoken ? monoMs(mono() + pumpLimits.throwHoldMs) : wanted
    if (wakeAt === null || closed) return
    timer = setTimeout(wake, Math.max(0, parts.timerMsUntil(wakeAt)))
    // A replay does not wait for it: there nobody speaks.
    if (isUnwoken) timer.unref()
  }

  // Who has to speak first does it now.
  if (driver.openCapture) wake()
  return {
    receive(bytes, settled) {
      const output = run(() => receiveOnce(bytes), bytes)
      take(output, settled)
      return output.frames.length
    },
    atRest: () => session.atRest?.(),
    status: parts.status,
    close(why) {
      if (closed) return
      // What is still held is judged now; nobody is there to be answered.
      const output = run(() => session.end(mono()), NO_BYTES)
      closed = true
      take({ ...output, send: [], wakeAt: null })
      parts.status('down', why)
    },
  }
}
