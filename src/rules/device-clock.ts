/**
 * The clock of a device against the gateway's. A wrong one is shown and logged: it is never a reason for silence, because
 * ages are counted on the device's own clock, and never a sign of demonstration data. One that jumps is told as a technical
 * alert: what was measured around it may have the wrong time.
 */

import type { MonoMs, WallMs } from '../domain/time.ts'

/** How far the device's clock is ahead of ours, in ms; behind: below 0. `gateway`: our wall clock over the one that never steps. */
export type DeviceClock = { readonly offsetMs: number; readonly gateway: number; readonly isWrong: boolean }

export type ClockNews =
  | { readonly kind: 'wrong'; readonly text: string }
  | { readonly kind: 'right' }
  | { readonly kind: 'stepped'; readonly text: string; readonly byMs: number }

/** Wrong from so much on, and right again below half of it; minutes on a chart are read by people. */
const WRONG_MS = 120_000
/** Seconds come and go with the way of a message. */
const STEP_MS = 30_000

const UNITS: readonly (readonly [ms: number, word: string])[] = [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1_000, 's']]

/** The two greatest units: `1 h 5 min`, `40 s`. */
export function spanWords(ms: number): string {
  let left = Math.round(Math.abs(ms) / 1_000) * 1_000
  const words: string[] = []
  for (const [unitMs, word] of UNITS) {
    const count = Math.floor(left / unitMs)
    left -= count * unitMs
    if (count > 0 && words.length < 2) words.push(`${count} ${word}`)
  }
  return words.length === 0 ? '0 s' : words.join(' ')
}

/** `3 h 2 min behind`. */
export const offsetWords = (offsetMs: number): string => `${spanWords(offsetMs)} ${offsetMs < 0 ? 'behind' : 'ahead'}`

type Times = {
  /** The device's own time of sending, or of the newest value where it does not say when it sent. */
  readonly deviceAt: WallMs
  readonly receivedAt: WallMs
  readonly at: MonoMs
}

/** What is known of the clock after one message, and what is new. */
export function hearClock(known: DeviceClock | null, { deviceAt, receivedAt, at }: Times): { readonly clock: DeviceClock; readonly news: readonly ClockNews[] } {
  const offsetMs = deviceAt - receivedAt
  const gateway = receivedAt - at
  const isWrong = Math.abs(offsetMs) > (known?.isWrong === true ? WRONG_MS / 2 : WRONG_MS)
  const news: ClockNews[] = []
  // What our own clock was set by is not the device's doing.
  const byMs = known === null ? 0 : offsetMs - known.offsetMs + (gateway - known.gateway)
  if (Math.abs(byMs) > STEP_MS) news.push({ kind: 'stepped', byMs, text: `jumped ${byMs < 0 ? 'back' : 'forward'} by ${spanWords(byMs)}` })
  if (isWrong && known?.isWrong !== true) news.push({ kind: 'wrong', text: offsetWords(offsetMs) })
  if (!isWrong && known?.isWrong === true) news.push({ kind: 'right' })
  return { clock: { offsetMs, gateway, isWrong }, news }
}
