/** How far a number on the screen may be believed. */

import { webLimits } from '../limits.ts'
import type { ValueView } from '../api/wire.ts'
import type { Reception } from './connection.ts'

/** Live; too old and grey; or so old that it is taken off the screen. */
export type Freshness = 'live' | 'stale' | 'gone'

/** One instant, as the page knows it. */
export type Moment = {
  /** Page clock, real milliseconds. */
  readonly now: number
  /** The gateway's wall time, estimated; null before it was ever heard. */
  readonly server: number | null
  /** Ward seconds a real second: 1 outside a demo. */
  readonly speed: number
  readonly reception: Reception
  /** Real milliseconds since the last believed heartbeat. */
  readonly silentMs: number
}

/** When the page first saw a value with this time of measurement. */
export type FirstSeen = { readonly at: number; readonly now: number }

/**
 * Age of something measured at `at`, in ward milliseconds. Two witnesses, and the older is believed: the gateway's clock,
 * and the time that this page has been looking at it. So neither a clock set back nor a time in the future keeps a number alive.
 */
export function ageOf(at: number, firstSeen: FirstSeen | null, moment: Moment): number {
  const byServer = moment.server === null ? 0 : moment.server - at
  const byPage = firstSeen === null ? 0 : (moment.now - firstSeen.now) * moment.speed
  return Math.max(0, byServer, byPage)
}

/** Freshness of all that has no limits of its own: it follows the reception. */
export function receptionFreshness(moment: Moment): Freshness {
  if (moment.server === null || moment.silentMs >= webLimits.removedAfterMs) return 'gone'
  return moment.reception === 'receiving' ? 'live' : 'stale'
}

/** The gateway sends beds twice a second of real time; in a demo that runs fast those are many ward seconds. */
const PUSH_MS = 1_500

export function valueFreshness(value: ValueView, ageMs: number, moment: Moment): Freshness {
  const reception = receptionFreshness(moment)
  const onTheWayMs = (moment.speed - 1) * PUSH_MS
  if (reception === 'gone' || ageMs > value.goneAfterMs + onTheWayMs) return 'gone'
  return reception === 'stale' || ageMs > value.staleAfterMs + onTheWayMs ? 'stale' : 'live'
}
