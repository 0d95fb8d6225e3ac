/** The ledger at work: frames are divided by whose values they hold, and what is learned is stored, watched and shown. */

import type { Lifecycle } from '../alerts/lifecycle.ts'
import type { Site } from '../config/schema.ts'
import type { AlertSubject } from '../domain/alert.ts'
import type { Fact } from '../domain/association.ts'
import { isNamed } from '../domain/association.ts'
import { observerAt } from '../domain/confirmed.ts'
import { type BedId, type DeviceId, type StayId, deviceId } from '../domain/ids.ts'
import type { Observation, Snapshot } from '../domain/observation.ts'
import type { PatientIdentity } from '../domain/reading.ts'
import { type MonoMs, type WallMs, monoMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import type { Frame, StayRecord } from '../seams.ts'
import { type Bed, hasRows, latestSnapshots, spanOf } from './beds.ts'
import type { Committer } from './committer.ts'
import type { Device, Devices } from './devices.ts'
import { BED_CONDITIONS, LEDGER_FULL, type Said, disputesOf } from './disputes.ts'
import { Associations, type Learned } from './ledger.ts'
import { type AssociationAnswer, type AssociationRequest, type AssociationView, associationView, wordOf } from './ledger-hands.ts'
import { withWhatWasSaid } from './moved.ts'
import { clockIn } from './house-words.ts'
import { placesOf } from './places.ts'
import type { Now, Watch } from './watch.ts'

export type WardLedgerParts<State> = {
  readonly site: Pick<Site, 'beds' | 'devices' | 'gateway' | 'retention'>
  readonly beds: ReadonlyMap<BedId, Bed>
  readonly devices: Devices
  readonly restored: { readonly facts: readonly Fact[]; readonly stays: readonly StayRecord[] }
  readonly mint: () => StayId
  readonly committer: Committer
  readonly watch: Watch<State>
  readonly lifecycle: Pick<Lifecycle, 'open'>
  /** Rules look at what is known already of a patient who was not known before. */
  readonly look: (stay: StayRecord, snapshot: Snapshot) => void
  /** Beds that look different since the page was last told. */
  readonly changed: Set<BedId>
  /** The stay of this bed ends, or changes: what was to be kept of its waveforms is kept now. */
  readonly ends: (bed: BedId, now: Now) => void
}

/** Values of one frame that are one patient's. */
export type Share = { readonly bed: Bed | null; readonly stay: StayRecord | null; readonly observations: readonly Observation[] }

export type Divided = { readonly shares: readonly Share[]; /** A device that names another patient than this one does. */ readonly conflict: DeviceId | null }

type Good = Frame & { readonly kind: 'good' }

const subjectOf = (bed: BedId): AlertSubject => ({ bed, stay: null, device: null })

export class WardLedger<State> {
  readonly associations: Associations
  readonly #parts: WardLedgerParts<State>
  readonly #roaming: ReadonlySet<DeviceId>
  readonly #clock: ReturnType<typeof clockIn>
  /** Conditions of beds as they were last said. */
  readonly #said = new Map<BedId, ReadonlyMap<string, Said>>()
  /** Beds that two senders claimed, until when that holds. */
  #refused = 0
  /** What a life before said of this is over with the first tick. */
  #refusedAt: MonoMs | null = monoMs(-Number.MAX_SAFE_INTEGER)
  readonly #doubts = new Map<BedId, { readonly text: string; readonly until: MonoMs }>()

  constructor(parts: WardLedgerParts<State>) {
    this.#parts = parts
    const { site, beds, devices, restored, mint } = parts
    this.#clock = clockIn(site.gateway.timeZone)
    const roaming = site.devices.flatMap(({ id, roaming: isRoaming }) => (isRoaming === true ? [deviceId(id)] : []))
    this.#roaming = new Set(roaming)
    this.associations = new Associations({
      beds,
      restored,
      mint,
      placeOf: placesOf(site),
      devicesAt: (bed) => [...devices.at(bed).map(({ id }) => id), observerAt(bed), ...roaming],
      roaming,
      identityMs: site.retention.identityHours * 3_600_000,
    })
  }

  /** Stays as they follow from the facts, before anything is watched. */
  begin(now: Now): void {
    const { restored, beds } = this.#parts
    // Of what is stored nobody has told us when it was measured.
    if (restored.facts.length + restored.stays.length > 0) for (const bed of beds.values()) Object.assign(bed, { rowsFrom: -Infinity, rowsTo: now.wall })
    const { facts, stays, reissues } = this.associations.begin(now)
    const { filling } = this.#parts.committer
    filling.facts.push(...facts)
    filling.stays.push(...stays)
    filling.reissues.push(...reissues)
    if (facts.length + stays.length > 0) this.#parts.committer.later()
  }

  // ── frames ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whose values these are, by when they were measured. A device without a bed has none, unless it goes from bed to bed. */
  divide(frame: Good, device: Device, observations: readonly Observation[], now: Now): Divided {
    const bed = device.bed === null ? undefined : this.#parts.beds.get(device.bed)
    if (!bed) return { shares: this.#roam(frame, device, observations, now), conflict: null }
    const span = spanOf(observations)
    const identity = identityIn(frame, observations)
    if (isNamed(identity)) bed.named.set(device.id, now.at)
    const attribution = this.associations.attribute({ bed, device: device.id, identity, span }, now)
    if (attribution.kind === 'conflict') return { shares: span ? [{ bed, stay: null, observations }] : [], conflict: attribution.with }
    this.take(attribution.learned, now)
    if (!span) return { shares: [], conflict: null }
    this.take(this.associations.heard(bed, now), now)
    hasRows(bed, device.id, span)
    // Most frames: all of it was measured since who lies there now does.
    if (this.associations.holds(bed, span.from, now)) return { shares: [{ bed, stay: bed.stay, observations }], conflict: null }
    const shares = byStay(observations, (at) => this.associations.stayAt(bed, at, now)).map((share) => ({ bed, ...share }))
    this.#parts.committer.filling.stays.push(...this.associations.made())
    return { shares, conflict: null }
  }

  #roam(frame: Good, device: Device, observations: readonly Observation[], now: Now): readonly Share[] {
    const span = spanOf(observations)
    if (!span) return []
    if (!this.#roaming.has(device.id)) return [{ bed: null, stay: null, observations }]
    const { learned, stayAt } = this.associations.roaming({ device: device.id, identity: identityIn(frame, observations), span }, now)
    this.take(learned, now)
    const shares = byStay(observations, stayAt)
    this.#parts.committer.filling.stays.push(...this.associations.made())
    return shares.map(({ stay, ...share }) => {
      const bed = stay === null ? null : (this.#parts.beds.get(stay.bed) ?? null)
      if (bed) hasRows(bed, device.id, span)
      return { ...share, stay, bed }
    })
  }

  /** From a system of the hospital. What a monitor, or a stranger, says of admissions moves nobody. */
  registry(frame: Good, device: Device, now: Now): void {
    if (frame.facts === undefined || frame.facts.length === 0 || device.unknown || device.bed !== null || this.#roaming.has(device.id)) return
    this.take(this.associations.registry(frame.facts, device.id, now), now)
  }

  // ── people ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  associate(request: AssociationRequest, by: string, now: Now): AssociationAnswer {
    const { beds, devices } = this.#parts
    const room = { isBed: (bed: BedId) => beds.has(bed), bedOf: (device: DeviceId) => devices.get(device)?.bed }
    const word = wordOf(request, by, { associations: this.associations, room, now })
    if (typeof word === 'string') return { kind: 'refused', why: word }
    const learned = this.associations.learn([word], now)
    const [fact] = learned.facts
    if (!fact) return { kind: 'refused', why: 'too-many' }
    this.take(learned, now)
    this.#parts.committer.soon()
    if ('bed' in fact.body && fact.body.bed !== null) this.#parts.changed.add(fact.body.bed)
    return { kind: request.what === 'type' ? 'proposed' : 'done', fact: fact.id }
  }

  /** null: no such bed. */
  view(id: BedId, now: Now): AssociationView | null {
    const bed = this.#parts.beds.get(id)
    return bed ? associationView(this.associations, { bed, now }) : null
  }

  /** Facts that are over: who calls it removes them from the store. */
  forgetOver(now: WallMs): readonly number[] {
    return this.associations.forgetOver(now)
  }

  /** The database was begun anew: what was learned and is not in it is told again. */
  retell(there: readonly Fact[]): void {
    const known = new Set(there.map(({ id }) => id))
    for (const fact of this.associations.ledger.facts()) if (fact.id > 0 && !known.has(fact.id)) this.#parts.committer.filling.facts.push(fact)
  }

  // ── what follows ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** What was learned is stored, stays end and begin, and what is known of the new patient already is looked at by the rules. */
  take(learned: Learned, now: Now): void {
    if (learned.facts.length + learned.stays.length + learned.changes.length + learned.reissues.length === 0) return
    const { facts, stays, changes, reissues } = this.#withMoved(learned)
    const { committer, watch, look, ends, changed } = this.#parts
    const { filling } = committer
    for (const { bed, closed, opened } of changes) {
      ends(bed.id, now)
      if (closed) watch.end(closed, now)
      if (opened) watch.begin(opened)
    }
    filling.facts.push(...facts)
    filling.stays.push(...stays)
    filling.reissues.push(...reissues)
    for (const { bed, opened } of changes) if (opened) for (const snapshot of latestSnapshots(bed, opened, now)) look(opened, snapshot)
    for (const { bed } of stays) changed.add(bed)
    for (const { bed } of changes) changed.add(bed.id)
    committer.later()
  }

  /** Who was moved to another bed has there what was said of him in the one before. */
  #withMoved(learned: Learned): Learned {
    const moved = new Map<StayId, StayRecord>()
    for (const stay of learned.stays) {
      const bed = this.#parts.beds.get(stay.bed)
      const before = bed?.stay?.id === stay.id && isNamed(stay.identity) ? this.associations.movedFrom(stay) : null
      const written = before && withWhatWasSaid(stay, before)
      if (!bed || !written) continue
      bed.stay = written
      this.associations.put(written)
      moved.set(stay.id, written)
    }
    if (moved.size === 0) return learned
    const nowOf = (stay: StayRecord): StayRecord => moved.get(stay.id) ?? stay
    return { ...learned, stays: learned.stays.map(nowOf), changes: learned.changes.map(({ opened, ...change }) => ({ ...change, opened: opened && nowOf(opened) })) }
  }

  /** Two senders claim this bed. */
  doubt(bed: BedId, text: string, now: Now): void {
    this.#doubts.set(bed, { text, until: monoMs(now.at + pumpLimits.conditionHoldMs) })
  }

  /** Time passes: plans come true, and what does not fit together is said, or is over. */
  tick(now: Now): void {
    const { beds, watch } = this.#parts
    this.take(this.associations.tick(now), now)
    this.#judgeRoom(now)
    for (const bed of beds.values()) {
      const before = this.#said.get(bed.id) ?? this.#openOf(bed.id)
      const heard = { heardAt: this.#heardAt(bed.id), doubt: this.#doubtOf(bed.id, now) }
      const said = disputesOf(bed, { associations: this.associations, labelOf: (id) => beds.get(id)?.label ?? id, clock: this.#clock, ...heard, now })
      if (before.size === 0 && said.size === 0) continue
      for (const condition of before.keys()) if (!said.has(condition)) watch.clear(subjectOf(bed.id), condition, now)
      for (const [condition, { priority, text }] of said) {
        if (before.get(condition)?.text !== text) watch.technical({ device: null, subject: subjectOf(bed.id) }, { condition, priority, text }, now)
      }
      this.#said.set(bed.id, said)
    }
  }

  /** What is not learned puts nobody's values right: it is said, until there is room again. */
  #judgeRoom(now: Now): void {
    const { refused } = this.associations
    const subject = { bed: null, stay: null, device: null }
    if (refused > this.#refused) {
      const text = `More is said of who lies where than can be kept: ${refused} words were not heard`
      this.#parts.watch.technical({ device: null, subject }, { condition: LEDGER_FULL, priority: 'medium', text }, now)
      this.#refusedAt = now.at
    } else if (this.#refusedAt !== null && now.at - this.#refusedAt >= pumpLimits.conditionHoldMs) {
      this.#parts.watch.clear(subject, LEDGER_FULL, now)
      this.#refusedAt = null
    }
    this.#refused = refused
  }

  #doubtOf(bed: BedId, now: Now): string | null {
    const doubt = this.#doubts.get(bed)
    return doubt && doubt.until > now.at ? doubt.text : null
  }

  /** What a life before said of a bed. */
  #openOf(bed: BedId): ReadonlyMap<string, Said> {
    const open = [...this.#parts.lifecycle.open.values()].filter((alert) => alert.bed === bed && alert.stay === null && alert.device === null)
    return new Map(open.flatMap(({ condition, priority, text }) => (BED_CONDITIONS.includes(condition) ? [[condition, { priority, text }] as const] : [])))
  }

  #heardAt(bed: BedId): MonoMs | null {
    const times = this.#parts.devices.at(bed).flatMap(({ lastFrameAt }) => (lastFrameAt === null ? [] : [lastFrameAt.at]))
    return times.length === 0 ? null : times.reduce((one, other) => (one > other ? one : other))
  }
}

/** The patient of a demonstration or a test is nobody: he takes no bed, and closes nobody's stay. */
const identityIn = ({ identity }: Good, observations: readonly Observation[]): PatientIdentity | null =>
  observations.length > 0 && observations.every(({ flags }) => flags.includes('demo') || flags.includes('test')) ? null : identity

function byStay(observations: readonly Observation[], stayAt: (correctedAt: number) => StayRecord | null): readonly Omit<Share, 'bed'>[] {
  const shares = new Map<StayId | null, { readonly stay: StayRecord | null; readonly observations: Observation[] }>()
  for (const observation of observations) {
    const stay = stayAt(observation.correctedAt)
    const share = shares.get(stay?.id ?? null)
    if (share) share.observations.push(observation)
    else shares.set(stay?.id ?? null, { stay, observations: [observation] })
  }
  return [...shares.values()]
}
