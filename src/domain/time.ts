/** Two kinds of time, never mixed: wall for people, mono for durations. Both in milliseconds. */

declare const wallBrand: unique symbol
declare const monoBrand: unique symbol

/** Milliseconds since 1970-01-01T00:00:00Z on some wall clock (the gateway's, or a device's as it states it). */
export type WallMs = number & { readonly [wallBrand]: true }

/** Milliseconds on a clock that never steps. Differences mean durations; the origin means nothing. */
export type MonoMs = number & { readonly [monoBrand]: true }

/** @throws RangeError when `ms` is not finite: a wall time is never NaN. */
export function wallMs(ms: number): WallMs {
  if (!Number.isFinite(ms)) throw new RangeError(`not a wall time: ${ms}`)
  return ms as WallMs
}

/** @throws RangeError when `ms` is not finite. */
export function monoMs(ms: number): MonoMs {
  if (!Number.isFinite(ms)) throw new RangeError(`not a monotonic time: ${ms}`)
  return ms as MonoMs
}

/** ISO 8601 in UTC with milliseconds, the one textual form inside Vigil. */
export const isoOf = (at: WallMs): string => new Date(at).toISOString()
