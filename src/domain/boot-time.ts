/**
 * A box without a battery clock does not know the time until it is told over the network. Until then it counts: boot id, time since that boot, and what
 * its wall clock showed. Once it is told, what was stored meanwhile has its true time: the same distance for all of it. Pure.
 */

import { type WallMs, wallMs } from './time.ts'

/** Rows from `fromSeq` on whose time was between `from` and `to` are to be moved by `byMs`; null: it never came to know, and nobody will. */
export type BootStretch = { readonly fromSeq: number; readonly toSeq: number | null; readonly from: WallMs; readonly to: WallMs | null; readonly byMs: number | null }

/** One boot that began without the time. `from` and `uptimeMs` are of one moment. */
export type BootTime = BootStretch & { readonly bootId: string; readonly uptimeMs: number; readonly isOver: boolean }

export const BOOT_KEY = 'boot/'

/** The wall clock and the time since boot at one moment, in ms; the second is of every process of this boot. */
export type BootMoment = { readonly wall: WallMs; readonly uptimeMs: number }

export const beginBoot = (bootId: string, fromSeq: number, { wall, uptimeMs }: BootMoment): BootTime => ({ bootId, fromSeq, toSeq: null, from: wall, to: null, byMs: null, uptimeMs, isOver: false })

/** The clock was told: how far off it had been. One that was ahead showed hours that come again: its rows end with `lastSeq`. */
export function toldBoot(boot: BootTime, { wall, uptimeMs }: BootMoment, lastSeq: number): BootTime {
  const shown = boot.from + (uptimeMs - boot.uptimeMs)
  const byMs = wall - shown
  return { ...boot, to: wallMs(shown), byMs, toSeq: byMs < 0 ? lastSeq : null, isOver: true }
}

/** The box was switched off before it knew. */
export const lostBoot = (boot: BootTime, lastSeq: number): BootTime => ({ ...boot, toSeq: lastSeq, isOver: true })

/** Total: what is damaged, or of another Vigil, is as if nobody had said it. */
export function parseBoot(value: unknown): BootTime | null {
  if (!isRecord(value)) return null
  const { bootId, fromSeq, toSeq, from, to, byMs, uptimeMs, isOver } = value
  if (typeof bootId !== 'string' || !isNumber(fromSeq) || !isNumber(from) || !isNumber(uptimeMs) || typeof isOver !== 'boolean') return null
  if (!isNumberOrNull(toSeq) || !isNumberOrNull(to) || !isNumberOrNull(byMs)) return null
  return { bootId, fromSeq, toSeq, from: wallMs(from), to: to === null ? null : wallMs(to), byMs, uptimeMs, isOver }
}

/** How far a row's time is to be moved; `lost`: nobody knows. */
export function movedBy(stretches: readonly BootStretch[], seq: number, at: WallMs): number | 'lost' {
  for (const { fromSeq, toSeq, from, to, byMs } of stretches) {
    if (seq < fromSeq || (toSeq !== null && seq > toSeq)) continue
    if (byMs === null) {
      if (toSeq !== null) return 'lost'
    } else if (at >= from && to !== null && at <= to) return byMs
  }
  return 0
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isNumberOrNull = (value: unknown): value is number | null => value === null || isNumber(value)
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
