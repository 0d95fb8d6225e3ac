/** Values as the protocol writes them: FLOAT, absolute and relative time, text. */

import { type WallMs, type Zone, driverLimits, wallMs } from '#driver'

/** FLOAT: signed 8-bit exponent of ten, signed 24-bit mantissa. Null for its specials: not a number, not at this resolution, infinities. */
export function floatAt(view: DataView, at: number): number | null {
  const bits = view.getInt32(at)
  const mantissa = (bits << 8) >> 8
  // The two greatest and the three smallest mantissas are no numbers.
  if (mantissa >= 0x7ffffe || mantissa <= -0x7ffffe) return null
  const exponent = bits >> 24
  // Division is exact where multiplication with a negative power is not: 95 × 10^-1.
  return exponent < 0 ? mantissa / 10 ** -exponent : mantissa * 10 ** exponent
}

/** Eight BCD bytes: century, year, month, day, hour, minute, second, fraction (not used). Null when absent (FF) or no time. */
export function absoluteTimeAt(view: DataView, at: number, zone: Zone): WallMs | null {
  const year = decimalAt(view, at) * 100 + decimalAt(view, at + 1)
  const month = decimalAt(view, at + 2)
  const day = decimalAt(view, at + 3)
  const hour = decimalAt(view, at + 4)
  const minute = decimalAt(view, at + 5)
  const second = decimalAt(view, at + 6)
  const dayMs = Date.UTC(year, month - 1, day)
  const exists = year >= 1990 && month >= 1 && month <= 12 && new Date(dayMs).getUTCDate() === day
  if (!exists || !(hour <= 23 && minute <= 59 && second <= 59)) return null
  return zone.instantOf(dayMs + ((hour * 60 + minute) * 60 + second) * 1_000)
}

/** NaN for what is no BCD, which no comparison above lets through. */
function decimalAt(view: DataView, at: number): number {
  const byte = view.getUint8(at)
  const tens = byte >> 4
  const ones = byte & 0x0f
  return tens > 9 || ones > 9 ? NaN : tens * 10 + ones
}

/** Ticks of relative time in a millisecond: 125 µs each. */
export const TICKS_PER_MS = 8
/** An absolute time has whole seconds, so two that differ by less say the same. */
const SAME_TIME_MS = 2_000

/** The monitor counts ticks; once in a while it says what time that is. */
export class MonitorClock {
  #anchor: { readonly ticks: number; readonly at: WallMs } | null = null

  forget(): void {
    this.#anchor = null
  }

  /** At `ticks` the monitor's clock showed `at`. */
  anchor(ticks: number, at: WallMs): void {
    const expected = this.at(ticks)
    // Moved only when somebody has set the clock: otherwise each anchor would move waves by a part of a second.
    if (expected === null || Math.abs(expected - at) > SAME_TIME_MS) this.#anchor = { ticks, at }
  }

  /** The monitor's time at `ticks`, whole milliseconds; null before it has said any. The counter may have begun again at 0 once. */
  at(ticks: number): WallMs | null {
    if (this.#anchor === null) return null
    const since = (ticks - this.#anchor.ticks) | 0
    const at = wallMs(this.#anchor.at + Math.round(since / TICKS_PER_MS))
    // It overflows within a week, and half of that is all a difference can tell.
    if (since > 0x3fff_ffff) this.#anchor = { ticks, at }
    return at
  }
}

/** UTF-16 text of `bytes` bytes at `at`, without the NULs that end and the FFEFs that fill it. */
export function textAt(view: DataView, at: number, bytes: number): string {
  let text = ''
  const end = at + Math.min(bytes, driverLimits.jsonTextCharsMax * 2)
  for (let next = at; next + 2 <= end; next += 2) {
    const unit = view.getUint16(next)
    if (unit !== 0 && unit !== 0xffef) text += String.fromCharCode(unit)
  }
  return text.trim()
}
