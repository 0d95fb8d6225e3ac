/**
 * Which sound is heard when: one for all alerts, that of the highest (IEC 60601-1-8, 6.3.3). Pure: what stands and the time of
 * the audio clock in, voices out. A voice comes again by itself until it ends, so that nothing here hangs on a timer of the page.
 */

import { type Priority, rankOf } from '../domain/alert.ts'
import { soundingOf, voicesOf } from '../domain/alert-row.ts'
import type { AlertRow } from './order.ts'
import { BURSTS } from './sound-pattern.ts'

/** Times are seconds of the audio clock. `untilS`: null while nobody knows of an end. */
export type Voice = { readonly sound: Priority; readonly fromS: number; readonly untilS: number | null }

export type SoundPlan = {
  /** What is heard, the last of them from now on or soon; those before it are ending. */
  readonly voices: readonly Voice[]
  /** The alerts that the last voice is about. */
  readonly about: ReadonlySet<string>
}

export const QUIET: SoundPlan = { voices: [], about: new Set() }

/** Between two bursts that are not of one voice: the least that table 3 allows within one. */
export const PAUSE_S = 2.5

const endOf = ({ untilS }: Voice): number => untilS ?? Number.POSITIVE_INFINITY

/** The end of the newest burst that had begun at `nowS`. */
function burstEndS({ sound, fromS }: Voice, nowS: number): number {
  const { lengthMs, periodMs } = BURSTS[sound]
  const bursts = Math.floor(((nowS - fromS) * 1_000) / periodMs)
  return fromS + (bursts * periodMs + lengthMs) / 1_000
}

/** The last voice ends: at once when a person asked for it; with its burst when there is nothing to say any more. */
function ended(voices: readonly Voice[], nowS: number, isHushed: boolean): readonly Voice[] {
  return voices.filter(({ fromS }) => fromS <= nowS).map((voice) => {
    if (isHushed) return { ...voice, untilS: Math.min(endOf(voice), nowS) }
    return voice.untilS === null ? { ...voice, untilS: burstEndS(voice, nowS) } : voice
  })
}

/** What is lower is cut off at once; after what is as high or higher comes a pause. */
function begun(voices: readonly Voice[], sound: Priority, nowS: number): readonly Voice[] {
  const others = voices.map((voice) => (rankOf(voice.sound) < rankOf(sound) ? { ...voice, untilS: Math.min(endOf(voice), nowS) } : voice))
  const quietS = others.filter((voice) => rankOf(voice.sound) >= rankOf(sound)).map((voice) => endOf(voice) + PAUSE_S)
  return [...others.filter((voice) => endOf(voice) + PAUSE_S > nowS), { sound, fromS: Math.max(nowS, ...quietS), untilS: null }]
}

/** What of `rows` is to be heard says `soundingOf`: acknowledged, paused, latched and carried alerts are not. */
export function planSound(plan: SoundPlan, rows: readonly AlertRow[], nowS: number): SoundPlan {
  const sounding = rows.flatMap(soundingOf)
  const priority = (['high', 'medium', 'low'] as const).find((one) => sounding.some((alert) => alert.priority === one)) ?? null
  const about = new Set<string>(sounding.filter((alert) => alert.priority === priority).map(({ id }) => id))
  const last = plan.voices.at(-1)
  const goesOn = last !== undefined && last.untilS === null
  // It goes on, and is heard no more: a person asked for that.
  const isHushed = rows.flatMap(voicesOf).some((alert) => plan.about.has(alert.id) && alert.state === 'active' && !sounding.includes(alert))
  if (priority === null) return { voices: goesOn ? ended(plan.voices, nowS, isHushed) : plan.voices, about }
  if (goesOn && last.sound === priority) {
    // Something new is heard soon, and not after half a minute; while a burst sounds, that one says it.
    const isSaid = [...about].every((id) => plan.about.has(id)) || nowS < burstEndS(last, nowS)
    return { voices: isSaid ? plan.voices : begun(ended(plan.voices, nowS, false), priority, nowS), about }
  }
  return { voices: begun(ended(plan.voices, nowS, goesOn && isHushed), priority, nowS), about }
}
