/**
 * Whose values are these, on the ward as it runs: what devices, the registry and people say goes into the ledger, and out come
 * stays that begin and end, and rows that are to be put right. No clock of its own.
 */

import { type Dispute, type Fact, type FactBody, type FactSource, type OccupancyChange, type Occupant, isNamed, personOf } from '../domain/association.ts'
import { AssociationLedger } from '../domain/association-ledger.ts'
import type { BedId, DeviceId, StayId } from '../domain/ids.ts'
import type { PatientFact, PatientIdentity } from '../domain/reading.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { associationLimits, houseLimits, retentionLimits } from '../limits.ts'
import type { Reissue, StayRecord } from '../seams.ts'
import { type Bed, holdBy, namingDevices } from './beds.ts'
import { PassedBy } from './passed-by.ts'
import type { Place } from './places.ts'
import { registryWords } from './registry-facts.ts'
import { type Move, StayBook } from './stays.ts'
import type { Now } from './watch.ts'

/** What somebody says, before it is a fact. */
export type Word = { readonly source: FactSource; readonly by: string; readonly effectiveAt: WallMs; readonly body: FactBody }

/** Another stay holds a bed; what was measured before `since` is not its own. */
export type BedChange = { readonly bed: Bed; readonly closed: StayRecord | null; readonly opened: StayRecord | null; readonly since: number }

/** What follows from what was learned: to be stored, and to be watched. */
export type Learned = {
  readonly facts: readonly Fact[]
  readonly stays: readonly StayRecord[]
  readonly changes: readonly BedChange[]
  readonly reissues: readonly Reissue[]
}

export const NOTHING_LEARNED: Learned = { facts: [], stays: [], changes: [], reissues: [] }

export type AssociationsParts = {
  readonly beds: ReadonlyMap<BedId, Bed>
  /** Stays: those that are open, and those that ended within the time that rows may be put right. */
  readonly restored: { readonly facts: readonly Fact[]; readonly stays: readonly StayRecord[] }
  readonly mint: () => StayId
  readonly placeOf: (location: string | null) => Place
  /** Those that stand at a bed, and those that go from bed to bed. */
  readonly devicesAt: (bed: BedId) => readonly DeviceId[]
  readonly roaming: readonly DeviceId[]
  /** Names are erased so long after the patient has gone: nothing older is put right. */
  readonly identityMs: number
}

export type Attribution =
  | { readonly kind: 'known'; readonly learned: Learned }
  /** Two devices at one bed name different patients: nobody is guessed. */
  | { readonly kind: 'conflict'; readonly with: DeviceId }

/** `stayAt`: whose a value is that was measured then. */
export type Roamed = { readonly learned: Learned; readonly stayAt: (correctedAt: number) => StayRecord | null }

/** One frame of a device, as far as it matters here. Times are those of its values, corrected; null where it has none. */
export type Heard = {
  readonly bed: Bed
  readonly device: DeviceId
  readonly identity: PatientIdentity | null
  readonly span: { readonly from: number; readonly to: number } | null
}

export class Associations {
  readonly ledger: AssociationLedger
  readonly #book: StayBook
  readonly #parts: AssociationsParts
  #lastId: number
  /** The latest time from which something is true that was learned: the wall clock may be set back, and nobody lies where he lay before. */
  #reached = -Infinity
  #nextPlanned = Infinity
  readonly #made: StayRecord[] = []
  readonly #passedBy = new PassedBy<Word>()
  /** Facts that were refused because there are too many. */
  refused = 0

  constructor(parts: AssociationsParts) {
    this.#parts = parts
    const { restored, beds } = parts
    this.#lastId = restored.facts.reduce((last, { id }) => Math.max(last, id), 0)
    this.ledger = new AssociationLedger([...beds.keys()], [...restored.facts, ...this.#seeds()])
    for (const { effectiveAt, learnedAt } of restored.facts) this.#reached = Math.max(this.#reached, Math.min(effectiveAt, learnedAt))
    this.#book = new StayBook(this.ledger, { restored: restored.stays, mint: parts.mint })
    this.#nextPlanned = this.ledger.nextChangeAfter(this.#reached)
  }

  // ── what is said ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** What was said together is learned together: who is swapped is nowhere twice. */
  learn(words: readonly Word[], now: Now): Learned {
    const { facts, changes } = this.#add(words, now)
    if (facts.length === 0) return NOTHING_LEARNED
    const about = facts.flatMap((fact) => {
      const key = this.ledger.keyOfFact(fact)
      return key === null ? [] : (this.ledger.bedOf(key, this.#time(now)) ?? [])
    })
    return { ...this.#settle(changes, new Set([...changes.map(({ bed }) => bed), ...about]), now), facts }
  }

  #add(words: readonly Word[], now: Now): { readonly facts: readonly Fact[]; readonly changes: readonly OccupancyChange[] } {
    const facts: Fact[] = []
    const changes: OccupancyChange[] = []
    for (const said of words) {
      // What is seen now comes after all that was learned, although the clock was set back; the registry has a clock of its own.
      const word = said.source === 'adt' ? said : { ...said, effectiveAt: wallMs(this.#then(said.effectiveAt, now)) }
      if (this.ledger.isNoNews(word) || this.ledger.isKnown(word) || !this.#hasRoom(now)) continue
      const fact: Fact = { id: ++this.#lastId, learnedAt: now.wall, ...word }
      changes.push(...this.ledger.learn(fact))
      facts.push(fact)
      this.#reached = Math.max(this.#reached, fact.source === 'device' ? fact.effectiveAt : Math.min(fact.effectiveAt, now.wall))
    }
    return { facts, changes }
  }

  /** From the hospital's registry. What is about nobody whom this ward has, or had, is no matter of it. */
  registry(facts: readonly PatientFact[], by: string, now: Now): Learned {
    const at = wallMs(this.#time(now))
    const words = facts.flatMap((fact) => registryWords(fact, this.#parts.placeOf, at)).map((word): Word => ({ source: 'adt', by, ...word }))
    const concerned = words.filter(({ body }) => this.#concerns(body))
    const earlier = this.#passedBy.recall(concerned)
    this.#passedBy.keep(words.filter(({ body }) => !this.#concerns(body)))
    return this.learn([...earlier, ...concerned], now)
  }

  /** What was stored before, together with what follows from it: the process may have ended between the two. */
  begin(now: Now): Learned {
    const { facts, changes } = this.#add(this.#moved(now), now)
    return { ...this.#settle(changes, new Set(this.#parts.beds.keys()), now), facts }
  }

  /** Devices that stand elsewhere by now, or nowhere, speak of nobody at the bed of before. */
  #moved({ wall }: Now): readonly Word[] {
    const { devicesAt, roaming } = this.#parts
    return [...this.ledger.lastWords()].flatMap(([device, { key, bed }]): readonly Word[] => {
      if (bed === null || (devicesAt(bed).includes(device) && !roaming.includes(device))) return []
      const patient = this.ledger.identityOf(key) ?? { mrn: null, name: null }
      return [{ source: 'device', by: device, effectiveAt: wall, body: { kind: 'asserted', bed: null, device, patient } }]
    })
  }

  /** A plan has become true. */
  tick(now: Now): Learned {
    if (now.wall < this.#nextPlanned) return NOTHING_LEARNED
    this.#reached = Math.max(this.#reached, this.#nextPlanned)
    return this.#settle([], new Set(this.#parts.beds.keys()), now)
  }

  /** Facts that are over, or too many, a bounded number: they are forgotten here, and are to be in the store. */
  forgetOver(now: WallMs): readonly number[] {
    const over = this.ledger.due(now - this.#parts.identityMs, associationLimits.factsMax).slice(0, retentionLimits.rowsPerStepMax)
    if (over.length > 0) this.ledger.forget(over)
    return over
  }

  // ── whose is it ────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * What a device says of its patient, before its values are given to anybody. A device that names another than before is no
   * longer at that patient; one that names nobody speaks of whoever is there. Asserted, not confirmed (IHE PCIM).
   */
  attribute({ bed, device, identity, span }: Heard, now: Now): Attribution {
    if (!isNamed(identity)) return { kind: 'known', learned: NOTHING_LEARNED }
    const said = bounded(identity)
    const at = this.#wordTime(bed, device, span, now)
    const then = this.#then(at, now)
    const key = this.ledger.keyAt(bed.id, said)
    const occupant = this.ledger.occupantAt(bed.id, then)
    const word = this.ledger.wordAt(device, then)
    const isNews = word === undefined || word.bed !== bed.id || this.ledger.keyNow(word.key) !== key
    if (occupant.kind === 'patient' && occupant.key === key) bed.assertedBy = { device, at: now.at }
    else if (occupant.kind === 'patient' && occupant.standing === 'asserted') {
      const other = bed.assertedBy
      if (other && other.device !== device && now.at - other.at < associationLimits.wordHoldMs) return { kind: 'conflict', with: other.device }
      bed.assertedBy = { device, at: now.at }
      return { kind: 'known', learned: this.#asserts(bed.id, device, said, at, now) }
    }
    if (!isNews) return { kind: 'known', learned: NOTHING_LEARNED }
    const learned = this.#asserts(bed.id, device, said, at, now)
    if (bed.stay && this.#isOccupant(bed.id, key, now)) bed.assertedBy = { device, at: now.at }
    return { kind: 'known', learned }
  }

  /** The stay that held a bed when a value was measured; null: nobody is guessed. One that is made for it is told by `made`. */
  stayAt(bed: Bed, correctedAt: number, now: Now): StayRecord | null {
    const { stay, isNew } = this.#book.hold(bed, this.#then(correctedAt, now), this.#time(now))
    if (stay && isNew) this.#made.push(stay)
    return stay
  }

  /** Stays that were made since this was asked last: to be stored. */
  made(): readonly StayRecord[] {
    return this.#made.splice(0)
  }

  /** Whether all that was measured since belongs to who lies there now: most frames are. */
  holds(bed: Bed, since: number, now: Now): boolean {
    return bed.stay !== null && this.#book.at(bed.id, this.#then(since, now))?.id === bed.stay.id
  }

  /** What does not fit together about a bed. */
  disputes(bed: Bed, now: Now): readonly Dispute[] {
    return this.ledger.disputes(bed.id, this.#time(now), namingDevices(bed, now))
  }

  /** Nobody is known to lie there, and before somebody was. */
  hasLeft(bed: BedId, now: Now): boolean {
    const at = this.#time(now)
    return this.ledger.occupantAt(bed, at).kind === 'unassigned' && Number.isFinite(this.#book.since(bed, at))
  }

  /** Somebody is heard at a bed of which nobody knows who it is: it is watched. */
  heard(bed: Bed, now: Now): Learned {
    if (bed.stay) return NOTHING_LEARNED
    const opened = this.#book.open(bed, this.#time(now))
    holdBy(bed, opened, -Infinity)
    return { ...NOTHING_LEARNED, stays: [opened], changes: [{ bed, closed: null, opened, since: -Infinity }] }
  }

  /** Values of a device that goes from bed to bed are those of the patient whom it names, wherever he lay. */
  roaming({ device, identity, span }: Omit<Heard, 'bed'>, now: Now): Roamed {
    if (!isNamed(identity) || identity.mrn === null) return { learned: NOTHING_LEARNED, stayAt: () => null }
    const said = bounded(identity)
    const at = Math.min(span?.from ?? now.wall, now.wall)
    const key = this.ledger.keyOf(said)
    const word = this.ledger.wordAt(device, this.#then(at, now))
    const isNews = word === undefined || this.ledger.keyNow(word.key) !== key
    const learned = isNews ? this.#asserts(null, device, said, at, now) : NOTHING_LEARNED
    const stayAt = (correctedAt: number): StayRecord | null => {
      const id = this.ledger.bedOf(key, this.#then(correctedAt, now))
      const bed = id === null ? undefined : this.#parts.beds.get(id)
      return bed ? this.stayAt(bed, correctedAt, now) : null
    }
    return { learned, stayAt }
  }

  /** How many stays of a bed are remembered. */
  known(bed: BedId): number {
    return this.#book.count(bed)
  }

  /** The stay that the same patient had in another bed just before this one; null: none. */
  movedFrom(stay: StayRecord): StayRecord | null {
    return this.#book.movedFrom(stay, houseLimits.movedStayMs)
  }

  /** What was said of a stay. */
  put(stay: StayRecord): void {
    this.#book.put(stay)
  }

  occupantOf(bed: BedId, now: Now): Occupant {
    return this.ledger.occupantAt(bed, this.#time(now))
  }

  /** From when on the one who lies there now does; null where nothing is known of before. */
  sinceOf(bed: BedId, now: Now): WallMs | null {
    const from = this.#book.since(bed, this.#time(now))
    return Number.isFinite(from) ? wallMs(from) : null
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Never before what was learned: a clock that was set back brings nobody back. */
  #time(now: Now): number {
    return Math.max(now.wall, this.#reached)
  }

  /** A time of the wall clock, on the axis of what was learned. */
  #then(at: number, now: Now): number {
    return this.#time(now) - (now.wall - at)
  }

  #isOccupant(bed: BedId, key: string, now: Now): boolean {
    const occupant = this.occupantOf(bed, now)
    return occupant.kind === 'patient' && occupant.key === key
  }

  /**
   * From when on a device's word counts: from the first of its values in this message that are not older than what it said
   * before. Of a message without values, now.
   */
  #wordTime(bed: Bed, device: DeviceId, span: Heard['span'], now: Now): number {
    const to = Math.min(span?.to ?? now.wall, now.wall)
    const before = bed.newest.get(device) ?? -Infinity
    return to < before ? to : Math.max(span?.from ?? to, before + 1)
  }

  #asserts(bed: BedId | null, device: DeviceId, patient: PatientIdentity, at: number, now: Now): Learned {
    return this.learn([{ source: 'device', by: device, effectiveAt: wallMs(at), body: { kind: 'asserted', bed, device, patient } }], now)
  }

  #settle(changes: readonly OccupancyChange[], touched: ReadonlySet<BedId>, now: Now): Learned {
    const at = this.#time(now)
    const backTo = now.wall - Math.min(associationLimits.reissueBackMsMax, this.#parts.identityMs)
    const stays: StayRecord[] = []
    const moves: Move[] = []
    const bedChanges: BedChange[] = []
    for (const id of touched) {
      const bed = this.#parts.beds.get(id)
      if (!bed) continue
      const own = changes.filter((change) => change.bed === id)
      const settled = this.#book.settle(bed, { changes: own, now: at, backTo })
      stays.push(...settled.written)
      moves.push(...settled.moves)
      const { live } = settled
      if (live?.id !== bed.stay?.id) {
        const closed = bed.stay === null ? null : (settled.written.find((stay) => stay.id === bed.stay?.id) ?? bed.stay)
        const since = this.#book.since(id, at)
        holdBy(bed, live, since)
        bedChanges.push({ bed, closed, opened: live, since })
      } else if (live) bed.stay = live
    }
    this.#nextPlanned = this.ledger.nextChangeAfter(at)
    const reissues = [...moves.map((move) => this.#reissueOf(move, now)), ...this.#roamingReissues(changes, backTo, now)]
    return { facts: [], stays, changes: bedChanges, reissues }
  }

  #reissueOf({ bed, from, to, stay }: Move, { wall: learnedAt }: Now): Reissue {
    const devices = [...this.#parts.devicesAt(bed)].slice(0, associationLimits.reissueDevicesMax)
    return { of: { bed }, from: wallMs(from), to: wallMs(Math.min(to, END_OF_TIME)), stay, bed, devices, learnedAt }
  }

  /** Those of a patient who is now known to have lain somewhere, or nowhere that is known. */
  #roamingReissues(changes: readonly OccupancyChange[], backTo: number, { wall: learnedAt }: Now): readonly Reissue[] {
    const taken: Reissue[] = []
    const given: Reissue[] = []
    for (const device of this.#parts.roaming) {
      const words = this.ledger.wordsOf(device)
      for (const [place, word] of words.entries()) {
        const until = words[place + 1]?.at ?? END_OF_TIME
        for (const { bed, from: since, to } of changes) {
          const from = Math.max(since, word.at, backTo)
          const end = Math.min(to, until)
          if (from >= end) continue
          const span = { of: { device }, from: wallMs(from), to: wallMs(end), devices: [device], learnedAt }
          const stay = this.#isStretchOf(bed, from, this.ledger.keyNow(word.key)) ? this.#book.at(bed, from) : null
          const elsewhere = this.ledger.bedOf(this.ledger.keyNow(word.key), from)
          if (stay) given.push({ ...span, stay: stay.id, bed })
          else if (elsewhere === null) taken.push({ ...span, stay: null, bed: null })
        }
      }
    }
    return [...taken, ...given]
  }

  #isStretchOf(bed: BedId, at: number, key: string): boolean {
    const occupant = this.ledger.occupantAt(bed, at)
    return occupant.kind === 'patient' && occupant.key === key
  }

  #hasRoom(now: Now): boolean {
    if (this.ledger.size < associationLimits.factsMax) return true
    this.ledger.forget(this.ledger.due(now.wall - this.#parts.identityMs, associationLimits.factsMax - 1))
    if (this.ledger.size < associationLimits.factsMax) return true
    this.refused++
    return false
  }

  /** A registry tells of the whole hospital. */
  #concerns(body: FactBody): boolean {
    if (('bed' in body && body.bed !== null) || ('prior' in body && body.kind === 'placed' && body.prior !== null)) return true
    const person = personOf(body)
    if (person !== null && this.ledger.knows(person)) return true
    return (body.kind === 'merged' || body.kind === 'visit-moved') && this.ledger.knows({ mrn: body.prior, name: null })
  }

  /** A stay of a file that knows no facts yet: its patient lies there since it began. */
  #seeds(): readonly Fact[] {
    const { facts, stays } = this.#parts.restored
    const told = new Set(facts.flatMap(({ body }) => ('bed' in body && body.bed !== null ? [body.bed] : [])))
    return stays.flatMap(({ bed, identity, openedAt, closedAt }, place): Fact[] => {
      if (closedAt !== null || told.has(bed) || !isNamed(identity)) return []
      const body = { kind: 'asserted', bed, device: null, patient: identity } as const
      return [{ id: -1 - place, learnedAt: openedAt, effectiveAt: openedAt, source: 'device', by: 'before', body }]
    })
  }
}

/** The last instant that a Date can name. */
const END_OF_TIME = 8_640_000_000_000_000

const bounded = ({ mrn, name, ...rest }: PatientIdentity): PatientIdentity => ({
  ...rest, mrn: mrn?.slice(0, associationLimits.identityCharsMax) ?? null, name: name?.slice(0, associationLimits.identityCharsMax) ?? null,
})
