/**
 * The two clocks of the page. The page clock never steps and counts sleep; the server clock is an estimate of the
 * gateway's wall time, made from what the gateway sends. The screen's own time of day is not believed.
 */

/** Date running ahead of the steady clock by more than this means that the machine slept, or that its time was set. */
const SLEPT_MS = 3_000

/** Milliseconds that never step back; the origin means nothing. */
export type PageClock = { readonly nowMs: number; readonly steadyMs: number; readonly dateMs: number }

export const startPageClock = (steadyMs: number, dateMs: number): PageClock => ({ nowMs: steadyMs, steadyMs, dateMs })

/**
 * `steadyMs` is performance.now(), which stands still on some machines while they sleep; `dateMs` is Date.now(), which
 * steps. When Date ran far ahead, time has probably passed that the page did not see: it is counted, so that old numbers
 * are never taken for new. A screen whose time is set forward therefore reconnects once, which harms nobody.
 */
export function advancePageClock(clock: PageClock, steadyMs: number, dateMs: number): PageClock {
  const steadyPassedMs = Math.max(0, steadyMs - clock.steadyMs)
  const datePassedMs = dateMs - clock.dateMs
  const passedMs = datePassedMs - steadyPassedMs > SLEPT_MS ? datePassedMs : steadyPassedMs
  return { nowMs: clock.nowMs + passedMs, steadyMs, dateMs }
}

/** Heartbeats carry the time of the last rules tick, and networks delay: a sample this late is ordinary. Real time. */
const LATE_MS = 1_500
/** The gateway's clock went back when every message for so long was later than ordinary. Real time, page clock. */
const BACK_AFTER_MS = 8_000
const BACK_SAMPLES_MIN = 4

/** Gateway wall time ≈ `offsetMs` + page time × `speed`. */
export type ServerClock = {
  readonly offsetMs: number
  readonly speed: number
  /** Samples later than ordinary, of which the newest are in a row: the best of them and when the row began. */
  readonly later: { readonly offsetMs: number; readonly since: number; readonly samples: number } | null
}

/**
 * Takes one message into account: sent at `at` on the gateway's clock, received at `now` on the page's. The sample with
 * the least delay is the best, so a higher offset is taken at once. Lower ones (a burst after a stall, a slow network) are
 * not, unless they go on: then the gateway's clock was set back.
 */
export function observeServer(clock: ServerClock | null, at: number, seen: { readonly now: number; readonly speed: number }): ServerClock {
  const { now, speed } = seen
  const offsetMs = at - now * speed
  if (clock === null || clock.speed !== speed || offsetMs >= clock.offsetMs) return { offsetMs, speed, later: null }
  if (offsetMs >= clock.offsetMs - LATE_MS * speed) return { ...clock, later: null }
  const later = clock.later === null
    ? { offsetMs, since: now, samples: 1 }
    : { offsetMs: Math.max(clock.later.offsetMs, offsetMs), since: clock.later.since, samples: clock.later.samples + 1 }
  if (now - later.since >= BACK_AFTER_MS && later.samples >= BACK_SAMPLES_MIN) return { offsetMs: later.offsetMs, speed, later: null }
  return { ...clock, later }
}

/** The gateway's wall time now, as well as the page knows. */
export const serverTime = (clock: ServerClock, now: number): number => clock.offsetMs + now * clock.speed
