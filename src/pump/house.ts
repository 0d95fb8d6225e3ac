/**
 * The house: how each bed is, what the treatment of each stay is for, and how the ward is watched. What a person says of a bed
 * suspends its rules only while nothing valid is measured there: the first valid value is watched, whatever was said.
 */

import type { Lifecycle } from '../alerts/lifecycle.ts'
import type { AlertEvent, AlertSubject } from '../domain/alert.ts'
import {
  type Away, type BedMark, type BedState, type BedWord, isSuspending, type MarkPhase, readBedWord, unwatchedBy,
} from '../domain/bed-state.ts'
import { isNamed } from '../domain/association.ts'
import type { BedId, StayId } from '../domain/ids.ts'
import type { Observation } from '../domain/observation.ts'
import { within } from '../domain/metrics.ts'
import type { DeviceAlarm } from '../domain/reading.ts'
import { type MonoMs, monoMs, wallMs } from '../domain/time.ts'
import { isSilent, readWardMode, type WardMode } from '../domain/ward-mode.ts'
import { type Unwatched, type WatchState, weightier } from '../domain/watch.ts'
import { houseLimits } from '../limits.ts'
import type { Watched } from '../rules/armed.ts'
import type { Standing, StayContext, StayRecord } from '../seams.ts'
import type { Bed } from './beds.ts'
import type { Committer } from './committer.ts'
import type { Device } from './devices.ts'
import { type HouseLifecycle, houseLifecycle } from './house-lifecycle.ts'
import { isQuietening, phaseOf } from './house-phases.ts'
import { bedRefusal, type BedRequest, goalRefusal, type GoalRequest, type HouseAnswer, type HouseRequest, modeRefusal, type ModeRequest } from './house-requests.ts'
import { clockIn, goalSaid, HOUSE_CONDITIONS, type HouseSaid, markSaid, markWords, takenSaid, WARD_MAINTENANCE_OVER, wardSaid } from './house-words.ts'
import type { Now, Watch } from './watch.ts'

export type HouseParts<State> = {
  readonly beds: ReadonlyMap<BedId, Bed>
  readonly devicesAt: (bed: BedId) => readonly Device[]
  readonly committer: Committer
  readonly watch: () => Watch<State>
  readonly lifecycle: Lifecycle
  readonly emit: (events: readonly AlertEvent[]) => void
  /** The stay reads otherwise from now on. */
  readonly put: (stay: StayRecord) => void
  readonly changed: Set<BedId>
  readonly restored: readonly Standing[]
  readonly timeZone: string
  /** How a ward of which nobody has said anything is watched. */
  readonly begins: 'commissioning' | 'live'
}

/** A mark as it is followed. `sinceAt`, `untilAt`: from when we do, and when its time is over, on the clock that never steps. */
type Followed = { readonly mark: BedMark; readonly phase: MarkPhase; readonly sinceAt: MonoMs; readonly untilAt: MonoMs | null }

const NO_ALERTS: Lifecycle['open'] = new Map()
const DONE: HouseAnswer = { kind: 'done' }
const MODE_KEY = 'mode'
const BED_KEY = 'bed/'
const WARD_SUBJECT: AlertSubject = { bed: null, stay: null, device: null }
const bedSubject = (bed: BedId): AlertSubject => ({ bed, stay: null, device: null })
const isSameMark = (one: BedMark, other: BedMark): boolean => one.kind === other.kind && one.at === other.at && one.by === other.by

export class House<State> {
  /** The life cycle that everybody is to use. */
  readonly lifecycle: HouseLifecycle
  readonly #parts: HouseParts<State>
  readonly #clock: ReturnType<typeof clockIn>
  readonly #words = new Map<BedId, BedWord>()
  readonly #followed = new Map<BedId, Followed>()
  readonly #suspended = new Set<BedId>()
  /** When something valid was measured at a bed last. */
  readonly #validAt = new Map<BedId, MonoMs>()
  readonly #said = new Map<BedId, ReadonlyMap<string, HouseSaid>>()
  /** Of each stay in comfort care: whether its prompts were quiet at the last look. */
  readonly #quiet = new Map<StayId, boolean>()
  #mode: WardMode
  #modeUntilAt: MonoMs | null = null
  #wardSaid: string | null | undefined

  constructor(parts: HouseParts<State>) {
    this.#parts = parts
    this.#clock = clockIn(parts.timeZone)
    this.#mode = { kind: parts.begins, since: wallMs(0), by: null, words: '' }
    for (const { key, value } of parts.restored) {
      const bed = [...parts.beds.keys()].find((id) => key === `${BED_KEY}${id}`)
      const word = bed === undefined ? null : readBedWord(value)
      if (bed !== undefined && word !== null) this.#words.set(bed, word)
      if (key === MODE_KEY) this.#mode = readWardMode(value) ?? this.#mode
    }
    this.lifecycle = houseLifecycle(parts.lifecycle, {
      isSuspended: (bed) => this.#suspended.has(bed),
      isQuiet: (stay, at) => isQuietening(this.#heldBy(stay)?.stay.context.goal, at),
    })
  }

  /** What stood before a restart, before anything is watched. */
  begin(now: Now): void {
    // The report begins where commissioning did.
    if (this.#mode.kind === 'commissioning' && this.#mode.since === 0) this.#setMode({ ...this.#mode, since: now.wall })
    this.#followMode(now)
    for (const bed of this.#parts.beds.values()) this.#follow(bed, now)
  }

  /** The database was begun anew: what stands is told again. */
  retell(): void {
    const { standing } = this.#parts.committer.filling
    if (this.#mode.since > 0) standing.push({ key: MODE_KEY, at: this.#mode.since, value: this.#mode })
    for (const [bed, word] of this.#words) standing.push({ key: `${BED_KEY}${bed}`, at: word.at, value: word })
  }

  // ── what is measured ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Before the rules see it: a valid vital sign ends what suspends them. */
  hear(bed: Bed, observations: readonly Observation[], now: Now): void {
    const sinceAt = this.#followed.get(bed.id)?.sinceAt ?? -Infinity
    const liveMs = this.#quietMs(bed)
    if (observations.some((one) => isValid(one, now, { sinceAt, liveMs }))) this.#measured(bed, now)
  }

  /** The monitor calls an alarm of the patient: he is there. */
  hearAlarms(bed: BedId | null, alarms: readonly DeviceAlarm[], now: Now): void {
    const found = bed === null ? undefined : this.#parts.beds.get(bed)
    const isOfPatient = ({ type, state, phase, flags }: DeviceAlarm): boolean =>
      type === 'physiological' && state === 'active' && phase !== 'end' && !flags.some((flag) => flag === 'demo' || flag === 'test' || flag === 'history')
    if (found && this.#followed.has(found.id) && alarms.some(isOfPatient)) this.#measured(found, now)
  }

  /** A nurse has looked at the patient of this stay: he is there. */
  attended(stay: StayId, now: Now): void {
    const held = this.#heldBy(stay)
    if (held) this.#measured(held.bed, now)
  }

  /** What a monitor that is tested sends is nobody's vital sign, here and for whoever reads it later. */
  isTested(bed: BedId | null): boolean {
    return bed !== null && this.#suspended.size > 0 && this.#suspended.has(bed) && this.#followed.get(bed)?.mark.kind === 'maintenance'
  }

  isSuspended(bed: BedId | null): boolean {
    return bed !== null && this.#suspended.has(bed)
  }

  #measured(bed: Bed, now: Now): void {
    this.#validAt.set(bed.id, now.at)
    if (this.#followed.has(bed.id)) this.#follow(bed, now)
  }

  // ── what is seen ───────────────────────────────────────────────────────────────────────────────────────────────────

  get mode(): WardMode {
    return this.#mode
  }

  /** What was said of a bed, and how far that has come; null: it is as it looks. */
  markOf(bed: BedId): Pick<Followed, 'mark' | 'phase'> | null {
    return this.#followed.get(bed) ?? null
  }

  /** The life cycle for whoever calls people: of a ward that is silent it has nothing. */
  get calling(): Pick<Lifecycle, 'open' | 'escalate'> {
    const isSilentNow = (): boolean => isSilent(this.#mode)
    const { lifecycle } = this
    return {
      get open() {
        return isSilentNow() ? NO_ALERTS : lifecycle.open
      },
      escalate: (id, told) => lifecycle.escalate(id, told),
    }
  }

  /** Why a rule of this bed could not speak, beside what the rule itself says. */
  unwatched(bed: Bed, rule: Watched, state: WatchState, now: Now): WatchState {
    const followed = this.#followed.get(bed.id)
    const mark = followed && isSuspending(followed.phase) ? unwatchedBy(followed.mark) : null
    const why: Unwatched[] = [
      ...(this.#mode.kind === 'maintenance' ? (['maintenance'] as const) : []),
      ...(isSilent(this.#mode) ? (['commissioning'] as const) : []),
      ...((rule === 'score' || rule === 'sepsis') && isQuietening(bed.stay?.context.goal, now.wall) ? (['comfort'] as const) : []),
    ]
    // A stay whose rules do not run is no empty bed.
    const stands = mark === null ? state : bed.stay === null ? weightier(state, mark) : mark
    return why.reduce<WatchState>(weightier, stands)
  }

  // ── what people say ────────────────────────────────────────────────────────────────────────────────────────────────

  say(request: HouseRequest, by: string, now: Now): HouseAnswer {
    switch (request.what) {
      case 'bed':
        return this.#sayBed(request, by, now)
      case 'goal':
      case 'review':
        return this.#sayGoal(request, by, now)
      case 'mode':
        return this.#sayMode(request, by, now)
    }
  }

  #sayBed(request: BedRequest, by: string, now: Now): HouseAnswer {
    const bed = this.#parts.beds.get(request.bed)
    if (!bed) return { kind: 'unknown' }
    const why = bedRefusal(request, { now: this.#stateOf(bed), isMeasured: this.#isMeasured(bed, now), lies: liesIn(bed) })
    if (why !== null) return { kind: 'refused', why }
    const said = { by, at: now.wall }
    switch (request.state) {
      case 'away': {
        const { reason, words, minutes } = request
        this.#put(bed, { word: null, away: { ...said, reason, words, until: wallMs(now.wall + minutes * 60_000) } }, now)
        break
      }
      case 'occupied':
        this.#put(bed, { word: null, away: null }, now)
        break
      case 'empty':
        this.#put(bed, { word: { ...said, kind: 'empty' }, away: null }, now)
        break
      // Whoever is away from a bed that is cleaned is away still.
      case 'cleaning':
        this.#put(bed, { word: { ...said, kind: 'cleaning' } }, now)
        break
      case 'maintenance':
        this.#put(bed, { word: { ...said, kind: 'maintenance', words: request.words, until: wallMs(now.wall + request.minutes * 60_000) } }, now)
    }
    const mark = this.#markOf(bed)
    this.#log(bed, `bed state ${mark === null ? `occupied by ${by}` : markWords(mark)}`, now)
    this.#follow(bed, now)
    return DONE
  }

  #sayGoal(request: GoalRequest, by: string, now: Now): HouseAnswer {
    const held = this.#heldBy(request.stay)
    if (!held) return { kind: 'unknown' }
    const said = { by, at: now.wall }
    const before = held.stay.context.goal
    if (request.what === 'review') {
      if (!before) return { kind: 'refused', why: 'No goal was set for this stay.' }
      this.#write(held, { ...held.stay.context, goal: { ...before, reviewed: said } }, now)
      this.#log(held.bed, `goal ${before.kind} reviewed by ${by}`, now)
    } else {
      const why = goalRefusal(request)
      if (why !== null) return { kind: 'refused', why }
      const { goal: kind, decidedBy, reason, reviewHours } = request
      this.#write(held, { ...held.stay.context, goal: { ...said, kind, decidedBy, reason, reviewHours, reviewed: said } }, now)
      this.#log(held.bed, `goal ${kind} decided by ${decidedBy}, to be reviewed every ${reviewHours} h, because ${JSON.stringify(reason)} by ${by}`, now)
    }
    if (held.bed.stay) this.#followGoal({ bed: held.bed, stay: held.bed.stay }, now)
    this.#tell(held.bed, now)
    return DONE
  }

  #sayMode(request: ModeRequest, by: string, now: Now): HouseAnswer {
    const why = modeRefusal(request, this.#mode)
    if (why !== null) return { kind: 'refused', why }
    const since = now.wall
    const from = this.#mode.kind === 'maintenance' ? this.#mode.from : this.#mode.kind
    switch (request.mode) {
      case 'live':
        this.#setMode({ kind: 'live', since, by, words: request.words })
        break
      case 'maintenance':
        this.#setMode({ kind: 'maintenance', since, by, words: request.words, until: wallMs(now.wall + request.minutes * 60_000), from })
        break
      case 'over':
        this.#setMode({ kind: from, since, by, words: '' })
    }
    this.#logWard(`ward mode ${this.#mode.kind} by ${by}${this.#mode.words === '' ? '' : ` with ${JSON.stringify(this.#mode.words)}`}`, now)
    this.#modeUntilAt = null
    this.#followMode(now)
    return DONE
  }

  // ── time passes ────────────────────────────────────────────────────────────────────────────────────────────────────

  tick(now: Now): void {
    this.#followMode(now)
    for (const bed of this.#parts.beds.values()) {
      this.#follow(bed, now)
      if (bed.stay) this.#followGoal({ bed, stay: bed.stay }, now)
      this.#tell(bed, now)
    }
    if (this.#quiet.size > this.#parts.beds.size) for (const id of this.#quiet.keys()) if (!this.#heldBy(id)) this.#quiet.delete(id)
  }

  #followMode(now: Now): void {
    if (this.#mode.kind === 'maintenance') this.#modeUntilAt ??= monoMs(now.at + Math.min(this.#mode.until - now.wall, houseLimits.wardMaintenanceMinutesMax * 60_000))
    const isOver = this.#mode.kind === 'maintenance' && (now.wall >= this.#mode.until || (this.#modeUntilAt !== null && now.at >= this.#modeUntilAt))
    const said = wardSaid(this.#mode, isOver, this.#clock)
    if (this.#wardSaid === (said?.text ?? null)) return
    this.#wardSaid = said?.text ?? null
    if (said) this.#parts.watch().technical({ device: null, subject: WARD_SUBJECT }, { condition: WARD_MAINTENANCE_OVER, ...said }, now)
    else this.#parts.watch().clear(WARD_SUBJECT, WARD_MAINTENANCE_OVER, now)
  }

  /** What was said of a bed, against what is measured there. */
  #follow(bed: Bed, now: Now): void {
    // What is sent while a monitor is tested counts for nobody: not with a patient known there, who came in the middle.
    if (this.#words.get(bed.id)?.kind === 'maintenance' && liesIn(bed) === 'patient' && !bed.stay?.context.away) {
      this.#put(bed, { word: null }, now)
      this.#log(bed, 'bed state occupied: a patient came while its monitor was tested', now)
    }
    const mark = this.#markOf(bed)
    const known = this.#followed.get(bed.id)
    if (mark === null) {
      if (known) this.#unfollow(bed, now)
      return
    }
    const before = known && isSameMark(known.mark, mark) ? known : null
    const lastsMs = 'until' in mark ? Math.min(mark.until - now.wall, houseLimits.awayMinutesMax * 60_000) : null
    const untilAt = before?.untilAt ?? (lastsMs === null ? null : monoMs(now.at + lastsMs))
    const verdict = phaseOf({ mark, before: before?.phase ?? null, wall: now.wall, at: now.at, isMeasured: this.#isMeasured(bed, now), untilAt })
    if (verdict === 'over') {
      this.#put(bed, { away: null }, now)
      this.#log(bed, 'bed state occupied: a valid value came', now)
      this.#unfollow(bed, now)
      return
    }
    if (verdict === 'measured' && (mark.kind === 'empty' || mark.kind === 'cleaning') && mark.measuredAt === undefined) {
      this.#put(bed, { word: { ...mark, measuredAt: now.wall } }, now)
      this.#log(bed, `bed marked ${mark.kind} is measured: it is watched`, now)
    }
    if (before?.phase !== verdict) this.#parts.changed.add(bed.id)
    this.#followed.set(bed.id, { mark, phase: verdict, sinceAt: before?.sinceAt ?? now.at, untilAt })
    if (isSuspending(verdict)) this.#suspend(bed, now)
    else this.#resume(bed)
  }

  #unfollow(bed: Bed, now: Now): void {
    this.#followed.delete(bed.id)
    this.#resume(bed)
    this.#tell(bed, now)
    this.#parts.changed.add(bed.id)
  }

  /** Nothing is watched, and nothing sounds, for a patient who is not there. */
  #suspend(bed: Bed, now: Now): void {
    if (this.#suspended.has(bed.id)) return
    this.#suspended.add(bed.id)
    const open = [...this.lifecycle.open.values()].filter((alert) => alert.bed === bed.id && (alert.stay !== null || alert.device !== null))
    this.#log(bed, `rules suspended: ${open.length === 0 ? 'no alert was open' : `ended ${open.map(({ text }) => text).join('; ').slice(0, 400)}`}`, now)
    if (bed.stay) this.#parts.watch().end(bed.stay, now)
    for (const device of this.#parts.devicesAt(bed.id)) {
      this.#parts.emit(this.lifecycle.endOf({ device: device.id }, now.wall))
      // What stands when the rules act again is said anew.
      device.silence = { ...device.silence, told: false }
      device.monitor = { ...device.monitor, told: null }
    }
  }

  #resume(bed: Bed): void {
    if (!this.#suspended.delete(bed.id)) return
    for (const device of this.#parts.devicesAt(bed.id)) {
      device.silence = { ...device.silence, told: false }
      device.monitor = { ...device.monitor, told: null }
    }
    if (bed.stay) this.#parts.watch().begin(bed.stay)
  }

  /** Prompts are quiet from now on, or call again. */
  #followGoal({ stay }: Held, now: Now): void {
    const isQuiet = isQuietening(stay.context.goal, now.wall)
    if ((this.#quiet.get(stay.id) ?? false) === isQuiet) return
    if (isQuiet) this.#quiet.set(stay.id, true)
    else this.#quiet.delete(stay.id)
    this.#parts.emit(this.lifecycle.retemper(stay.id, now.wall))
    this.#parts.changed.add(stay.bed)
  }

  /** Conditions of a bed, each as long as it stands. */
  #tell(bed: Bed, now: Now): void {
    const { watch } = this.#parts
    const before = this.#said.get(bed.id) ?? this.#openOf(bed.id)
    const followed = this.#followed.get(bed.id)
    const goal = bed.stay?.context.goal
    if (before.size === 0 && !followed && !goal) return
    const of = { label: bed.label, clock: this.#clock }
    const said = new Map([...(followed ? markSaid(followed.mark, followed.phase, of) : []), ...this.#taken(bed, now), ...(goal ? goalSaid(goal, now.wall, of) : [])])
    for (const condition of before.keys()) if (!said.has(condition)) watch().clear(bedSubject(bed.id), condition, now)
    for (const [condition, one] of said) {
      if (before.get(condition)?.text !== one.text || before.get(condition)?.priority !== one.priority) watch().technical({ device: null, subject: bedSubject(bed.id) }, { condition, ...one }, now)
    }
    this.#said.set(bed.id, said)
  }

  #taken(bed: Bed, now: Now): ReturnType<typeof takenSaid> {
    const followed = this.#followed.get(bed.id)
    if (followed === undefined || liesIn(bed) !== 'patient') return []
    return takenSaid(followed.mark, followed.phase, { label: bed.label, markedMs: Math.max(now.at - followed.sinceAt, now.wall - followed.mark.at) })
  }

  /** What a life before said of a bed. */
  #openOf(bed: BedId): ReadonlyMap<string, HouseSaid> {
    const open = [...this.lifecycle.open.values()].filter((alert) => alert.bed === bed && alert.stay === null && alert.device === null && HOUSE_CONDITIONS.includes(alert.condition))
    return new Map(open.map(({ condition, priority, text }) => [condition, { priority, text }]))
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A monitor that is tested comes first, then who is away, then what else was said of the bed. */
  #markOf(bed: Bed): BedMark | null {
    const word = this.#words.get(bed.id) ?? null
    const away = bed.stay?.context.away
    return away && word?.kind !== 'maintenance' ? { kind: 'away', ...away } : word
  }

  #stateOf(bed: Bed): BedState {
    return this.#markOf(bed)?.kind ?? 'occupied'
  }

  #isMeasured(bed: Bed, now: Now): boolean {
    const validAt = this.#validAt.get(bed.id)
    return validAt !== undefined && now.at - validAt < this.#quietMs(bed)
  }

  /** A monitor that speaks seldom is not silent for that. */
  #quietMs(bed: Bed): number {
    let quietMs: number = houseLimits.bedQuietMs
    for (const { silenceMs } of this.#parts.devicesAt(bed.id)) quietMs = Math.max(quietMs, Math.min(silenceMs, houseLimits.bedLeavingMs))
    return quietMs
  }

  #heldBy(id: StayId): Held | null {
    for (const bed of this.#parts.beds.values()) if (bed.stay?.id === id) return { bed, stay: bed.stay }
    return null
  }

  /** What is left out stays as it is. */
  #put(bed: Bed, { word, away }: { readonly word?: BedWord | null; readonly away?: Away | null }, now: Now): void {
    const { committer } = this.#parts
    if (word !== undefined && word !== (this.#words.get(bed.id) ?? null)) {
      if (word === null) this.#words.delete(bed.id)
      else this.#words.set(bed.id, word)
      committer.filling.standing.push({ key: `${BED_KEY}${bed.id}`, at: now.wall, value: word })
    }
    if (away !== undefined && bed.stay && away !== (bed.stay.context.away ?? null)) {
      const { away: _before, ...context } = bed.stay.context
      this.#write({ bed, stay: bed.stay }, away === null ? context : { ...context, away }, now)
    }
    this.#parts.changed.add(bed.id)
    committer.soon()
  }

  #write({ bed, stay }: Held, context: StayContext, now: Now): void {
    const written = { ...stay, context }
    bed.stay = written
    this.#parts.committer.filling.stays.push(written)
    this.#parts.put(written)
    this.#parts.watch().context(written, now)
    this.#parts.changed.add(bed.id)
    this.#parts.committer.soon()
  }

  #setMode(mode: WardMode): void {
    this.#mode = mode
    this.#parts.committer.filling.standing.push({ key: MODE_KEY, at: mode.since, value: mode })
    this.#parts.committer.soon()
  }

  #log(bed: Bed, what: string, now: Now): void {
    this.#parts.committer.filling.events.push({ at: now.wall, kind: 'gateway', what, subject: { bed: bed.id, stay: bed.stay?.id ?? null, device: null } })
    this.#parts.committer.later()
  }

  #logWard(what: string, now: Now): void {
    this.#parts.committer.filling.events.push({ at: now.wall, kind: 'gateway', what, subject: WARD_SUBJECT })
    this.#parts.committer.soon()
  }
}

type Held = { readonly bed: Bed; readonly stay: StayRecord }

const liesIn = ({ stay }: Bed): 'patient' | 'unidentified' | 'nobody' => (stay === null ? 'nobody' : isNamed(stay.identity) ? 'patient' : 'unidentified')

/**
 * A vital sign of now, of a patient. A value beyond plausibility is one too: an asystole is measured. A probe in the air is at
 * room temperature, and what a ventilator is set to is no sign of anybody.
 */
function isValid({ metric, measurement, flags, correctedAt }: Observation, now: Now, { sinceAt, liveMs }: { readonly sinceAt: number; readonly liveMs: number }): boolean {
  if (measurement.kind === 'absent' || metric.variable === null || metric.variable.name === 'fio2') return false
  if (flags.some((flag) => flag === 'demo' || flag === 'test' || flag === 'history')) return false
  if (metric.variable.name === 'temperature' && !within(metric.scored, measurement.value)) return false
  const ageMs = now.wall - correctedAt
  return ageMs < (metric.kind === 'episodic' || flags.includes('episodic') ? houseLimits.bedValidEpisodicMs : liveMs) && now.at - ageMs >= sinceAt
}
