/** What people say of a stay: what they know, and sets of vital signs that they confirm or take back. */

import { OBSERVED_CHANNEL, OBSERVED_METRICS, OBSERVED_NAMES, type ObservedName, observerAt } from '../domain/confirmed.ts'
import type { BedId, StayId } from '../domain/ids.ts'
import { within } from '../domain/metrics.ts'
import { observed } from '../domain/observation.ts'
import { measured } from '../domain/reading.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { observationLimits, ruleLimits } from '../limits.ts'
import { contextOf, effectiveContext, withChange } from '../rules/context.ts'
import { news2 } from '../rules/scores/news2.ts'
import type { ConfirmedSet, ObservedSet, StayContext, StayRecord, Word } from '../seams.ts'
import { type Bed, hasRows } from './beds.ts'
import type { Committer } from './committer.ts'
import type { Now, Watch } from './watch.ts'

export type StayHandsParts<State> = {
  readonly beds: ReadonlyMap<BedId, Bed>
  readonly committer: Committer
  readonly watch: Pick<Watch<State>, 'context' | 'observation'>
  /** The stay reads otherwise from now on. */
  readonly put: (stay: StayRecord) => void
  readonly changed: Set<BedId>
}

/** Why it was said, and until when it holds. */
export type Saying = Pick<Word, 'until' | 'reason'>

/** One value as the nurse confirms it. `frozen`: she changed it, from that (null: nothing stood there). Units as in the metric table. */
export type TakenValue = { readonly value: number; readonly at: WallMs; readonly frozen?: number | null }

export type ObservationRequest = {
  /** When it was frozen, by our clock. */
  readonly takenAt: WallMs
  readonly values: { readonly [Name in ObservedName]?: TakenValue }
  readonly onOxygen?: boolean
  readonly consciousness?: NonNullable<ConfirmedSet['consciousness']>
}

export type ObservationAnswer =
  | { readonly kind: 'done'; readonly observed: ObservedSet }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly why: string }

/** The newest set that was not taken back; null: none. */
export const standingSet = ({ observations = [] }: StayContext): ObservedSet | null => observations.findLast(({ takenBack }) => takenBack === undefined) ?? null

/** The set that was confirmed at this instant, if it counts; null: it was taken back, or is too old to be kept. */
export const setOf = ({ observations = [] }: StayContext, confirmedAt: number): ConfirmedSet | null =>
  observations.find((one) => one.confirmedAt === confirmedAt && one.takenBack === undefined)?.set ?? null

export class StayHands<State> {
  readonly #parts: StayHandsParts<State>

  constructor(parts: StayHandsParts<State>) {
    this.#parts = parts
  }

  /** null when no such stay holds a bed. */
  changeContext(id: StayId, change: Partial<StayContext>, { by, now, saying = {} }: { readonly by: string; readonly now: Now; readonly saying?: Saying | undefined }): StayRecord | null {
    const held = this.#heldBy(id)
    if (!held) return null
    const why = saying.reason === undefined ? '' : ` because ${JSON.stringify(saying.reason)}`
    return this.#write(held, { context: withChange(held.stay.context, change, { ...saying, by, at: now.wall }), what: `context ${JSON.stringify(change)} by ${by}${why}` }, now)
  }

  /** The set is a NEWS2 from now on; oxygen and consciousness are also what is known of the stay. */
  observe(id: StayId, request: ObservationRequest, by: string, now: Now): ObservationAnswer {
    const held = this.#heldBy(id)
    if (!held) return { kind: 'unknown' }
    const why = refusalOf(request, held.stay, now)
    if (why !== null) return { kind: 'refused', why }
    const { onOxygen, consciousness } = request
    const earlier = held.stay.context.observations ?? []
    const confirmed = observedOf(request, held.stay, { by, wall: wallMs(Math.max(now.wall, (earlier.at(-1)?.confirmedAt ?? 0) + 1)) })
    const said = { ...(onOxygen === undefined ? {} : { onOxygen }), ...(consciousness === undefined ? {} : { consciousness }) }
    const context = { ...withChange(held.stay.context, said, { by, at: now.wall }), observations: [...earlier, confirmed].slice(-observationLimits.setsPerStayMax) }
    this.#keep(held, request, confirmed.confirmedAt, now)
    const stay = this.#write(held, { context, what: `observation ${JSON.stringify({ set: confirmed.set, news2: confirmed.news2.total, corrected: confirmed.corrected })} by ${by}` }, now)
    this.#parts.watch.observation(stay, confirmed.set, now)
    return { kind: 'done', observed: confirmed }
  }

  /** The newest set was a mistake. It stays in the log; its values become nobody's, and the set before it stands again. */
  takeBack(id: StayId, confirmedAt: number, by: string, now: Now): ObservationAnswer {
    const held = this.#heldBy(id)
    const newest = held && standingSet(held.stay.context)
    if (!newest) return { kind: 'unknown' }
    if (newest.confirmedAt !== confirmedAt) return { kind: 'refused', why: 'Only the newest set can be taken back.' }
    if (now.wall - confirmedAt > observationLimits.takeBackMs) return { kind: 'refused', why: 'It is too late to take it back: take a new set instead.' }
    const takenBack: ObservedSet = { ...newest, takenBack: { by, at: now.wall } }
    const context = { ...held.stay.context, observations: (held.stay.context.observations ?? []).map((one) => (one === newest ? takenBack : one)) }
    const before = standingSet(context)
    this.#disown(held, newest, now)
    const stay = this.#write(held, { context, what: `observation of ${confirmedAt} taken back by ${by}` }, now)
    const isRecent = before !== null && now.wall - before.set.takenAt <= ruleLimits.scoreEpisodicAgeMs
    this.#parts.watch.observation(stay, { ...(isRecent ? before.set : { takenAt: now.wall, by }), isTakenBack: true }, now)
    return { kind: 'done', observed: takenBack }
  }

  #heldBy(id: StayId): { readonly bed: Bed; readonly stay: StayRecord } | null {
    for (const bed of this.#parts.beds.values()) if (bed.stay?.id === id) return { bed, stay: bed.stay }
    return null
  }

  #write({ bed, stay }: Held, { context, what }: { readonly context: StayContext; readonly what: string }, now: Now): StayRecord {
    const { committer, watch, put, changed } = this.#parts
    const written = { ...stay, context }
    bed.stay = written
    committer.filling.stays.push(written)
    committer.filling.events.push({ at: now.wall, kind: 'gateway', what, subject: { bed: bed.id, stay: stay.id, device: null } })
    put(written)
    watch.context(written, now)
    changed.add(bed.id)
    committer.soon()
    return written
  }

  /** Its values in the log, as confirmed by a person. */
  #keep({ bed, stay }: Held, { values }: ObservationRequest, receivedAt: WallMs, now: Now): void {
    const readings = OBSERVED_NAMES.flatMap((name) => {
      const taken = values[name]
      return taken === undefined ? [] : [{ metric: OBSERVED_METRICS[name], measurement: measured(taken.value), channel: OBSERVED_CHANNEL, deviceAt: taken.at, flags: ['validated', 'episodic'] as const }]
    })
    const device = observerAt(bed.id)
    if (readings.length === 0) return
    const observations = observed(readings, { receivedAt, sentAt: receivedAt })
    for (const { correctedAt } of observations) hasRows(bed, device, { from: correctedAt, to: correctedAt })
    this.#parts.committer.filling.snapshots.push({ snapshot: { device, bed: bed.id, stay: stay.id, receivedAt, at: now.at, sentAt: receivedAt, observations }, answered: false })
  }

  /** Of a set that was a mistake nothing is this patient's, but for what another set holds too. */
  #disown({ bed, stay }: Held, { set, confirmedAt }: ObservedSet, now: Now): void {
    const device = observerAt(bed.id)
    const others = (stay.context.observations ?? []).filter((one) => one.confirmedAt !== confirmedAt).flatMap((one) => timesOf(one.set))
    for (const at of new Set(timesOf(set))) {
      if (!others.includes(at)) this.#parts.committer.filling.reissues.push({ of: { device }, from: wallMs(at), to: wallMs(at + 1), stay: null, bed: null, devices: [device], learnedAt: now.wall })
    }
  }
}

type Held = { readonly bed: Bed; readonly stay: StayRecord }

const timesOf = ({ takenAt, measuredAt = {} }: ConfirmedSet): readonly number[] => [takenAt, ...Object.values(measuredAt)]

function refusalOf({ takenAt, values, onOxygen, consciousness }: ObservationRequest, stay: StayRecord, { wall }: Now): string | null {
  if (contextOf(stay, wall).population !== 'adult') return 'NEWS2 is made for adults who are not pregnant: this set would score nothing.'
  if (takenAt > wall || wall - takenAt > observationLimits.frozenMsMax) return 'These values were frozen too long ago: take the observation again.'
  const taken = OBSERVED_NAMES.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]] as const]))
  if (taken.length === 0 && onOxygen === undefined && consciousness === undefined) return 'There is nothing in this set.'
  for (const [name, { value, at }] of taken) {
    const { label, scored } = OBSERVED_METRICS[name]
    if (!within(scored, value)) return `${label} ${value} is not within ${scored.low} to ${scored.high}.`
    if (at > wall || takenAt - at > ruleLimits.scoreEpisodicAgeMs) return `${label} was not measured within the last 12 hours.`
  }
  return null
}

function observedOf({ takenAt, values, onOxygen, consciousness }: ObservationRequest, stay: StayRecord, { by, wall }: { readonly by: string; readonly wall: WallMs }): ObservedSet {
  const taken = OBSERVED_NAMES.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]] as const]))
  const set: ConfirmedSet = {
    takenAt, by,
    ...Object.fromEntries(taken.map(([name, { value }]) => [name, value])),
    measuredAt: Object.fromEntries(taken.map(([name, { at }]) => [name, at])),
    ...(onOxygen === undefined ? {} : { onOxygen }),
    ...(consciousness === undefined ? {} : { consciousness }),
  }
  const numbers = Object.fromEntries(taken.map(([name, { value }]) => [name, value]))
  const { spo2Scale } = effectiveContext(contextOf(stay, wall), wall).context
  const { total, min, max, complete, missing, parts } = news2.score({ ...numbers, oxygen: onOxygen, consciousness, spo2Scale })
  const corrected = taken.flatMap(([name, { value, frozen }]) => (frozen === undefined || frozen === value ? [] : [{ name, from: frozen, to: value }]))
  return { set, confirmedAt: wall, news2: { total, min, max, complete, missing, parts }, corrected }
}
