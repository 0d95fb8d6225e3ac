/**
 * Levels with persistence and hysteresis: a rise must last a while before it is told; a fall must last and must pass a
 * lower bar. The caller says at each step how high the evidence reaches now (`rise`) and how high it still holds (`keep`).
 */

import type { MonoMs } from '../domain/time.ts'

export type Ladder = {
  /** 0: nothing is told. */
  readonly told: number
  /** By level, from 1: since when the evidence reaches it without a break. */
  readonly reachedAt: readonly (MonoMs | null)[]
  /** Since when `keep` has been below `told`. */
  readonly fallingAt: MonoMs | null
}

export type LadderTimes = {
  /** By level, from 1. */
  readonly riseMs: readonly number[]
  readonly fallMs: number
}

export const groundLadder = (levels: number): Ladder => ({ told: 0, reachedAt: Array.from({ length: levels }, () => null), fallingAt: null })

/** The same object when nothing changed. `keep` is taken as no lower than `rise`. */
export function stepLadder(ladder: Ladder, evidence: { readonly rise: number; readonly keep: number }, at: MonoMs, { riseMs, fallMs }: LadderTimes): Ladder {
  const { told } = ladder
  let reachedAt = ladder.reachedAt
  if (reachedAt.some((since, index) => (since !== null) !== evidence.rise > index)) {
    reachedAt = reachedAt.map((since, index) => (evidence.rise > index ? (since ?? at) : null))
  }
  let risen = told
  reachedAt.forEach((since, index) => {
    if (since !== null && index + 1 > risen && at - since >= (riseMs[index] ?? 0)) risen = index + 1
  })
  if (risen > told) return { told: risen, reachedAt, fallingAt: null }
  const keep = Math.max(evidence.rise, evidence.keep)
  const fallingAt = keep < told ? (ladder.fallingAt ?? at) : null
  if (fallingAt !== null && at - fallingAt >= fallMs) return { told: keep, reachedAt, fallingAt: null }
  return reachedAt === ladder.reachedAt && fallingAt === ladder.fallingAt ? ladder : { told, reachedAt, fallingAt }
}
