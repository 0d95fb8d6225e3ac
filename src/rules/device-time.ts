/**
 * The clock of a device, learned from what it says of the time and when that came: offset, drift, steps, epochs. A way can
 * make a message later and never sooner, so the truth lies along the upper edge of (said − come). With it, what came late is
 * known to be late; what could be late as well as of a clock that was set back is said to be uncertain. Pure.
 *
 * The line is that of Theil, in his incomplete form (Theil 1950: the median slope of pairs half a window apart): up to a
 * quarter of what it is made of may be wrong.
 */

import { type Timing, TRANSPORT_BOUND_MS } from '../domain/observation.ts'
import { type MonoMs, type WallMs, monoMs, wallMs } from '../domain/time.ts'
import { clockLimits } from '../limits.ts'

/** What a device said was so far ahead of the clock that never steps, in ms. */
type Point = { readonly at: MonoMs; readonly aheadMs: number }

/** Messages that are behind all that was known: late, or of a clock that was set back. */
type Doubt = {
  readonly since: MonoMs
  readonly aheadMs: number
  readonly messages: number
  readonly lastAt: MonoMs
  readonly lastSaid: WallMs
  /** The clock was set while nobody heard it: how late these are is not known. */
  readonly wasSet: boolean
}

export type ClockStep = { readonly at: WallMs; readonly byMs: number }

export type DeviceTime = {
  /** How often the clock jumped, and one. */
  readonly epoch: number
  readonly step: ClockStep | null
  /** Where this epoch began, and the messages that fitted. */
  readonly since: MonoMs
  readonly messages: number
  readonly lastAt: MonoMs
  readonly lastSaid: WallMs
  /** When one came last that was in no hurry, and where the line says. */
  readonly sureAt: MonoMs
  /** From one message to the next, the longest of late, on its own clock. */
  readonly everyMs: number
  /** The latest of each piece of time, oldest first, and of the piece that is not over. */
  readonly edge: readonly Point[]
  readonly newest: Point & { readonly since: MonoMs }
  /** In ms for each ms; null before enough was heard. */
  readonly slope: number | null
  /** How well that is known. */
  readonly slopeDoubt: number
  /** The line at its newest point; how far what it is made of lies apart. */
  readonly aheadMs: number
  readonly lineAt: MonoMs
  readonly spreadMs: number
  /** It says whole seconds alone. */
  readonly isWhole: boolean
  readonly isSettled: boolean
  readonly doubt: Doubt | null
}

export type TimeHeard = {
  /** Its own time of sending, or of its newest value where it does not say when it sent. */
  readonly said: WallMs
  readonly isSending: boolean
  readonly receivedAt: WallMs
  readonly at: MonoMs
}

export type HeardTime = { readonly time: DeviceTime; readonly timing: Timing }

/** What is known after one message, and what is to be thought of the times in it. */
export function hearTime(known: DeviceTime | null, heard: TimeHeard): HeardTime {
  const { said, at, receivedAt } = heard
  const aheadMs = said - at
  if (known === null) return accept(begun({ aheadMs, at, said, isWhole: said % 1_000 === 0 }, { epoch: 1, step: null }), heard, 0)
  const beyondMs = aheadMs - expectedAt(known, at)
  const allowedMs = clockLimits.stepMs + (known.isWhole ? 1_000 : 0) + strayMs(known, at)
  if (beyondMs < -allowedMs) return doubted(known, heard, beyondMs)
  // No way makes a message early. Of a clock that was hardly heard, what came before was late itself.
  if (beyondMs > allowedMs && known.isSettled) return accept(stepped(known, { aheadMs, at, said, isWhole: known.isWhole }, { at: receivedAt, byMs: beyondMs }), heard, 0)
  return accept(added(known, { at, aheadMs }, said), heard, beyondMs, isHurried(known, heard))
}

/** It comes sooner after the last than it was said: what comes in a hurry is late, and settles nothing. */
const isHurried = ({ doubt, ...known }: DeviceTime, { said, at }: Pick<TimeHeard, 'said' | 'at'>): boolean =>
  said - (doubt ?? known).lastSaid >= 1.5 * (at - (doubt ?? known).lastAt) + clockLimits.hurryMs

/** How far the device's clock is ahead of a wall clock that shows `wall` at `at`, in ms; behind: below 0. */
export const offsetAt = (time: DeviceTime, { at, wall }: { readonly at: MonoMs; readonly wall: WallMs }): number => expectedAt(time, at) + at - wall

/** As it stood in an earlier life, on the axis of this one. */
export type KnownTime = Pick<DeviceTime, 'epoch' | 'step' | 'isWhole' | 'slope' | 'slopeDoubt' | 'spreadMs' | 'everyMs'> & { readonly offsetMs: number; readonly at: WallMs }

/** What is worth knowing in the next life. */
export const knownOf = (time: DeviceTime, now: { readonly at: MonoMs; readonly wall: WallMs }): KnownTime => {
  const { epoch, step, isWhole, slope, slopeDoubt, spreadMs, everyMs } = time
  return { epoch, step, isWhole, slope, slopeDoubt, spreadMs, everyMs, offsetMs: offsetAt(time, now), at: now.wall }
}

export function adopted({ offsetMs, at: wall, isWhole, epoch, step, ...known }: KnownTime, now: { readonly at: MonoMs; readonly wall: WallMs }): DeviceTime {
  const at = monoMs(now.at - (now.wall - wall))
  const aheadMs = offsetMs + now.wall - now.at
  return { ...begun({ aheadMs, at, said: wallMs(at + aheadMs), isWhole }, { epoch, step }), ...known, isSettled: true }
}

type First = Point & Pick<DeviceTime, 'isWhole'> & { readonly said: WallMs }

const begun = ({ aheadMs, at, said, isWhole }: First, { epoch, step }: Pick<DeviceTime, 'epoch' | 'step'>): DeviceTime => ({
  epoch, step, since: at, messages: 1, lastAt: at, lastSaid: said, sureAt: at, everyMs: 0, edge: [], newest: { at, aheadMs, since: at },
  slope: null, slopeDoubt: clockLimits.slopeMax, aheadMs, lineAt: at, spreadMs: 0, isWhole, isSettled: false, doubt: null,
})

const stepped = ({ epoch, everyMs }: DeviceTime, first: First, step: ClockStep): DeviceTime => ({ ...begun(first, { epoch: epoch + 1, step }), everyMs })

/** When the device's clock showed that. */
function momentOf({ slope, aheadMs, lineAt, newest }: DeviceTime, said: number): MonoMs {
  if (slope === null) return monoMs(said - Math.max(aheadMs, newest.aheadMs))
  const from = (point: Point): number => point.at + (said - point.aheadMs - point.at) / (1 + slope)
  return monoMs(Math.min(from({ at: lineAt, aheadMs }), from(newest)))
}

/** How far the line may have gone wrong since it was last heard. */
const strayMs = ({ sureAt, lineAt, slope, slopeDoubt }: DeviceTime, at: MonoMs): number => Math.max(0, at - (slope === null ? lineAt : sureAt)) * slopeDoubt

function expectedAt({ slope, aheadMs, lineAt, newest }: DeviceTime, at: MonoMs): number {
  if (slope === null) return Math.max(aheadMs, newest.aheadMs)
  // No way makes a message early: one above the line lifts it.
  return Math.max(aheadMs + slope * (at - lineAt), newest.aheadMs + slope * (at - newest.at))
}

/** `beyondMs`: of this message, where it lies against the line. */
function accept(time: DeviceTime, { said, isSending, receivedAt, at }: TimeHeard, beyondMs: number, comesHurried = false): HeardTime {
  const apartMs = Math.abs(said - receivedAt)
  const isFarOff = isSending && apartMs > clockLimits.stepMs + 1_000
  // One whose clock is far off and that was hardly heard may as well be right, and late; in a hurry it is late, whatever it says.
  if (!time.isSettled) return { time, timing: { lateMs: 0, uncertainMs: isFarOff || comesHurried ? Math.max(apartMs, clockLimits.stepMs + 1_000) : 0, saidAt: null } }
  // Late, or of the end of its second.
  const stray = strayMs(time, at)
  const behindMs = beyondMs < -clockLimits.stepMs ? unsure(stray - beyondMs) : 0
  if (isSending) return { time, timing: { ...LIVE, uncertainMs: behindMs > 0 || time.sureAt === at ? behindMs : doubtOf(stray) } }
  const lateMs = Math.max(0, -beyondMs - (time.isWhole ? 500 : 0))
  return { time, timing: Math.abs(offsetAt(time, { at, wall: receivedAt })) > clockLimits.stepMs ? { lateMs, uncertainMs: Math.max(behindMs, doubtOf(stray)), saidAt: said } : LIVE }
}

/** So far behind the fastest way, which itself took some of what a way is allowed. */
const unsure = (behindMs: number): number => behindMs + TRANSPORT_BOUND_MS - clockLimits.stepMs

/** What is worth saying of a stray line: beyond half of what the way is allowed. */
const doubtOf = (stray: number): number => (stray > clockLimits.stepMs / 2 ? TRANSPORT_BOUND_MS + stray : 0)

const LIVE: Timing = { lateMs: 0, uncertainMs: 0, saidAt: null }

/** Behind all that was known. What is emptied from a memory comes faster than it was measured; of a clock that was set back, as fast. */
function doubted(known: DeviceTime, { said, isSending, receivedAt, at }: TimeHeard, beyondMs: number): HeardTime {
  const { doubt } = known
  const aheadMs = said - at
  const saidMs = said - (doubt ?? known).lastSaid
  // A memory goes on where the line broke off. Of an earlier life it is not known when that was.
  const goesOn = saidMs <= Math.min(clockLimits.backlogStepMs, 3 * known.everyMs + clockLimits.stepMs) || (doubt === null && known.messages === 1)
  const wasSet = doubt?.wasSet === true || saidMs < -clockLimits.stepMs || !goesOn
  const fresh: Doubt = { since: at, aheadMs, messages: 1, lastAt: at, lastSaid: said, wasSet }
  const uncertain: Timing = { lateMs: 0, uncertainMs: unsure(strayMs(known, at) - beyondMs), saidAt: null }
  if (doubt === null) return { time: { ...known, doubt: fresh }, timing: uncertain }
  if (saidMs >= 1.5 * (at - doubt.lastAt) + clockLimits.hurryMs) {
    // Of whole seconds, the middle.
    const toldAt = momentOf(known, said + (known.isWhole ? 500 : 0))
    const stray = strayMs(known, toldAt)
    const late: Timing = { lateMs: Math.max(0, at - toldAt), uncertainMs: doubtOf(stray), saidAt: isSending ? null : said }
    return { time: { ...known, doubt: fresh }, timing: wasSet || !known.isSettled ? uncertain : late }
  }
  const apartMs = Math.abs(aheadMs - doubt.aheadMs)
  if (apartMs > clockLimits.stepMs + (known.isWhole ? 1_000 : 0) + (at - doubt.since) * clockLimits.slopeMax) return { time: { ...known, doubt: fresh }, timing: uncertain }
  const messages = doubt.messages + 1
  const isStep = messages > clockLimits.unsettledMessagesMax && at - doubt.since >= clockLimits.settledMs
  if (!isStep) return { time: { ...known, doubt: { ...fresh, since: doubt.since, aheadMs: Math.max(doubt.aheadMs, aheadMs), messages } }, timing: uncertain }
  const time = stepped(known, { aheadMs: Math.max(doubt.aheadMs, aheadMs), at, said, isWhole: known.isWhole }, { at: wallMs(receivedAt - (at - doubt.since)), byMs: Math.max(doubt.aheadMs, aheadMs) - expectedAt(known, at) })
  return { time: { ...time, since: doubt.since, messages, isSettled: true }, timing: LIVE }
}

/** A message that fits. */
function added(known: DeviceTime, point: Point, said: WallMs): DeviceTime {
  const { at, aheadMs } = point
  const messages = known.messages + 1
  const comesHurried = isHurried(known, { said, at })
  const beyondMs = aheadMs - expectedAt(known, at)
  const isSettled = known.isSettled || (messages > clockLimits.unsettledMessagesMax && at - known.since >= clockLimits.settledMs)
  // Late ones at the beginning: what is on top now is another clock than was thought.
  const isOther = !known.isSettled && (comesHurried || beyondMs > clockLimits.stepMs)
  if (isOther) return begun({ at, aheadMs, said, isWhole: known.isWhole && said % 1_000 === 0 }, known)
  // Taken only because the line may have strayed so far: it makes the line no surer.
  const isLoose = Math.abs(beyondMs) > clockLimits.stepMs + (known.isWhole ? 1_000 : 0)
  const saidMs = said - known.lastSaid
  const everyMs = saidMs > clockLimits.backlogStepMs ? known.everyMs : Math.max(saidMs, known.everyMs * 0.95)
  const heard: DeviceTime = { ...known, messages, isSettled, lastAt: at, lastSaid: said, everyMs, sureAt: comesHurried || isLoose ? known.sureAt : at, isWhole: known.isWhole && said % 1_000 === 0, doubt: null }
  const { newest } = known
  if (comesHurried) return heard
  if (at - newest.since < clockLimits.pieceMs) return aheadMs > newest.aheadMs ? { ...heard, newest: { ...point, since: newest.since } } : heard
  const edge = [...known.edge, { at: newest.at, aheadMs: newest.aheadMs }].filter((one) => at - one.at <= clockLimits.windowMs).slice(-clockLimits.piecesMax)
  return { ...heard, ...lineOf(edge, heard, at), edge, newest: { ...point, since: at } }
}

function lineOf(edge: readonly Point[], { slope: before, slopeDoubt: doubtBefore, isWhole }: DeviceTime, now: MonoMs): Pick<DeviceTime, 'slope' | 'slopeDoubt' | 'aheadMs' | 'lineAt' | 'spreadMs'> {
  const half = Math.floor(edge.length / 2)
  const slopes: number[] = []
  for (let place = half; place < edge.length; place++) {
    const [one, other] = [edge[place - half], edge[place]]
    if (one && other && other.at > one.at) slopes.push((other.aheadMs - one.aheadMs) / (other.at - one.at))
  }
  const steepest = clockLimits.slopeMax
  const slope = edge.length <= clockLimits.flatPiecesMax ? before : Math.min(steepest, Math.max(-steepest, medianOf(slopes)))
  const recent = edge.slice(-clockLimits.recentPiecesMax)
  const lineAt = recent.at(-1)?.at ?? now
  const levels = (slope === null ? recent.slice(-1) : recent).map((one) => one.aheadMs - (slope ?? 0) * (one.at - lineAt))
  const aheadMs = Math.max(...levels)
  const spreadMs = aheadMs - Math.min(...levels)
  const spanMs = lineAt - (edge[0]?.at ?? lineAt)
  const slopeDoubt = edge.length <= clockLimits.flatPiecesMax ? doubtBefore : Math.min(steepest, (2 * (spreadMs + clockLimits.slopeSureMs + (isWhole ? 1_000 : 0))) / spanMs)
  return { slope, slopeDoubt, aheadMs, lineAt, spreadMs }
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return ((sorted[middle] ?? 0) + (sorted[sorted.length - 1 - middle] ?? 0)) / 2
}
