/**
 * What is said of the clock of a device, given what was learned of it (device-time.ts). A wrong one is shown and logged: it
 * is never a reason for silence, because ages are counted on the device's own clock, and never a sign of demonstration data.
 * One that jumps is told as a technical alert: what was measured around it may have the wrong time.
 */

/** How far the device's clock is ahead of ours, in ms; behind: below 0. */
export type DeviceClock = { readonly offsetMs: number; readonly isWrong: boolean }

/** Wrong from so much on, and right again below half of it; minutes on a chart are read by people. */
const WRONG_MS = 120_000
/** Devices that are kept right by the network are set by seconds every day. */
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

/** Whether it is wrong, given what was thought before. */
export const judgeClock = (known: DeviceClock | null, offsetMs: number): DeviceClock =>
  ({ offsetMs, isWrong: Math.abs(offsetMs) > (known?.isWrong === true ? WRONG_MS / 2 : WRONG_MS) })

/** `jumped back by 1 h`; null for a jump that nobody sees on a chart. */
export const jumpWords = (byMs: number): string | null => (Math.abs(byMs) < STEP_MS ? null : `jumped ${byMs < 0 ? 'back' : 'forward'} by ${spanWords(byMs)}`)
