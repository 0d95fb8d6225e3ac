/**
 * What the hospital's registry says of who lies where: ADT messages (HL7 2.6, chapter 3) as facts. A message is understood as a
 * whole or refused as a whole: half a merge, or a place of the wrong one of two patients, would be worse than none.
 */

import {
  type Fault, type Hl7Message, type Hl7Time, type PatientFact, type PatientIdentity, type Placed, type Segment, driverLimits, shown,
} from '#driver'
import { demographicsOf, identityOf, isErased, locationOf, numberOf } from './people.ts'
import type { Profile } from './profiles.ts'
import type { Reader } from './reader.ts'

export type RegistryTold = { readonly facts: readonly PatientFact[]; readonly faults: readonly Fault[]; readonly leftOut: readonly Fault[] }

/** About one patient in one place, which may be said in the message. */
type PlaceEvent =
  | { readonly kind: 'admitted' | 'registered' | 'transferred' | 'discharged' | 'away' | 'returned' | 'updated' | 'planned' }
  | { readonly kind: 'cancelled'; readonly what: 'admitted' | 'transferred' | 'discharged' }
type Event = PlaceEvent | { readonly kind: 'swapped' } | { readonly kind: 'merged' } | { readonly kind: 'visit-moved' }

/** HL7 table 0003. A18, A34 and A36 are how merges were told before 2.3.1. */
const EVENTS: ReadonlyMap<string, Event> = new Map<string, Event>([
  ['A01', { kind: 'admitted' }],
  ['A02', { kind: 'transferred' }],
  ['A03', { kind: 'discharged' }],
  ['A04', { kind: 'registered' }],
  ['A05', { kind: 'planned' }],
  ['A06', { kind: 'updated' }],
  ['A07', { kind: 'updated' }],
  ['A08', { kind: 'updated' }],
  ['A11', { kind: 'cancelled', what: 'admitted' }],
  ['A12', { kind: 'cancelled', what: 'transferred' }],
  ['A13', { kind: 'cancelled', what: 'discharged' }],
  ['A17', { kind: 'swapped' }],
  ['A18', { kind: 'merged' }],
  ['A21', { kind: 'away' }],
  ['A22', { kind: 'returned' }],
  ['A31', { kind: 'updated' }],
  ['A34', { kind: 'merged' }],
  ['A36', { kind: 'merged' }],
  ['A40', { kind: 'merged' }],
  ['A45', { kind: 'visit-moved' }],
  ['A47', { kind: 'merged' }],
])
/** All that the standard has: those of no bed's concern are taken and passed by, for who refuses one holds up the queue behind it. */
const LAST_EVENT = 62

/** Who keeps registers besides monitors: Philips ICCA. */
const REGISTRIES = /^Philips\.CIS/i
const MONITOR_SYSTEM = /^(?:MDC|MDIL|99\w+)$/

/**
 * Monitors send ADT of their own accord when somebody types a name at the bedside, with measurements too: that is asserted by
 * a device, and no word of the registry. Registries code what they observe (height, allergies) otherwise.
 */
export function isOfMonitor({ header, segments }: Hl7Message, profile: Profile): boolean {
  if (segments.some((segment) => segment.id === 'OBX' && MONITOR_SYSTEM.test(segment.component(3, 3).trim()))) return true
  return profile.senders !== null && !REGISTRIES.test(header.value(3))
}

/** One patient of a message with what is said of them. */
type Group = { readonly patient: Segment; readonly merged: Segment | null; readonly visit: Segment | null }

/** A sentence: why the message as a whole is not believed. */
export function readRegistry(message: Hl7Message, reader: Reader, authority: string): RegistryTold | string {
  const { header, segments } = message
  const recorded = segments.find(({ id }) => id === 'EVN') ?? null
  const named = recorded?.value(1).trim() ?? ''
  const trigger = header.value(9, 2).trim() || named
  const event = EVENTS.get(trigger)
  if (event === undefined) {
    const [, number = '0'] = /^A(\d\d)$/.exec(trigger) ?? []
    if (Number(number) < 1 || Number(number) > LAST_EVENT) return `MSH-9: event ${shown(trigger)} is not known`
    return { facts: [], faults: [], leftOut: [{ why: 'an event of the registry that is about no bed', at: 'MSH-9' }] }
  }
  const groups = groupsOf(message)
  if (typeof groups === 'string') return groups
  const faults: Fault[] = segments.some(({ id }) => id === '') ? [{ why: 'a line that is no segment', at: 'the message' }] : []
  // EVN-1 is kept for old receivers alone (2.6, 3.4.1.1).
  if (named !== '' && named !== trigger) faults.push({ why: `says event ${shown(named)}, and MSH-9 ${shown(trigger)}`, at: 'EVN-1' })
  const facts = new Facts(message, { reader, authority, recorded, faults })
  const told = facts.of(event, groups)
  if (typeof told === 'string') return told
  const observations = segments.filter(({ id }) => id === 'OBX')
  const leftOut = observations.map((_, index): Fault => ({ why: 'an observation that the registry keeps', at: `OBX ${index + 1}` }))
  return { facts: told, faults, leftOut }
}

/** A17 has two PID with their PV1; A40 a MRG to each PID; A45 several MRG with their PV1 to one PID. */
function groupsOf({ header, segments }: Hl7Message): readonly Group[] | string {
  const groups: Group[] = []
  if (!segments.some(({ id }) => id === 'PID')) return 'PID is not there'
  for (const segment of segments) {
    const last = groups.at(-1)
    switch (segment.id) {
      case 'MSH':
        if (segment !== header) return 'two messages in one frame'
        break
      case 'PID':
        // Some interfaces send what they have twice.
        if (last?.patient.raw === segment.raw) break
        groups.push({ patient: segment, merged: null, visit: null })
        break
      case 'MRG':
        if (last === undefined) return 'MRG stands before PID'
        if (last.merged === null) groups[groups.length - 1] = { ...last, merged: segment }
        else if (last.merged?.raw !== segment.raw) groups.push({ patient: last.patient, merged: segment, visit: null })
        break
      case 'PV1':
        if (last === undefined) return 'PV1 stands before PID'
        if (last.visit === null) groups[groups.length - 1] = { ...last, visit: segment }
        else if (last.visit.field(3) !== segment.field(3)) return 'several places for one patient'
    }
    if (groups.length > driverLimits.hl7PatientsPerMessageMax) return `more than ${driverLimits.hl7PatientsPerMessageMax} patients in one message`
  }
  return groups
}

type Parts = { readonly reader: Reader; readonly authority: string; readonly recorded: Segment | null; readonly faults: Fault[] }

class Facts {
  readonly #message: Hl7Message
  readonly #parts: Parts

  constructor(message: Hl7Message, parts: Parts) {
    this.#message = message
    this.#parts = parts
  }

  of(event: Event, groups: readonly Group[]): readonly PatientFact[] | string {
    const patients: PatientIdentity[] = []
    for (const { patient } of groups) {
      const identity = this.#identity(patient)
      if (typeof identity === 'string') return identity
      patients.push(identity)
    }
    const [group, other] = groups
    const [patient, second] = patients
    if (group === undefined || patient === undefined) return 'PID is not there'
    if (event.kind === 'merged' || event.kind === 'visit-moved') return this.#moved(event.kind, groups, patients)
    if (event.kind === 'swapped') {
      if (other === undefined || second === undefined || groups.length > 2 || patient.mrn === second.mrn) return 'PID: a swap is of two patients'
      return [{ ...this.#when(event, group), kind: 'swapped', patients: [this.#placed(group, patient), this.#placed(other, second)] }]
    }
    if (groups.length > 1) return 'several patients in one message'
    return [this.#fact(event, group, patient)]
  }

  #fact(event: PlaceEvent, group: Group, patient: PatientIdentity): PatientFact {
    const { visit } = group
    const base = { ...this.#when(event, group), ...erasedIn(group), patient, location: visit === null ? null : locationOf(visit, 3) }
    switch (event.kind) {
      case 'transferred':
        this.#mustHavePlace(group, base.location)
        return { ...base, kind: event.kind, prior: visit === null ? null : locationOf(visit, 6) }
      case 'cancelled':
        // Where a patient who never came is: nowhere. The place in the message is that of the mistake.
        return { ...base, kind: event.kind, what: event.what, location: event.what === 'admitted' ? null : base.location }
      case 'planned':
        return { ...base, kind: 'updated', location: null }
      case 'admitted':
        this.#mustHavePlace(group, base.location)
        return { ...base, kind: event.kind }
      // Many who are registered lie in no bed.
      case 'registered':
        return { ...base, kind: 'admitted' }
      case 'discharged':
      case 'away':
      case 'returned':
      case 'updated':
        return { ...base, kind: event.kind }
    }
  }

  #placed(group: Group, patient: PatientIdentity): Placed {
    const location = group.visit === null ? null : locationOf(group.visit, 3)
    this.#mustHavePlace(group, location)
    return { patient, location, visit: visitOf(group) }
  }

  /** All of them or none. */
  #moved(kind: 'merged' | 'visit-moved', groups: readonly Group[], patients: readonly PatientIdentity[]): readonly PatientFact[] | string {
    const facts: PatientFact[] = []
    const { separators } = this.#message
    for (const [index, group] of groups.entries()) {
      const patient = patients[index]
      if (patient === undefined || group.merged === null) return 'MRG is not there'
      const prior = numberOf(group.merged, 1, { separators, authority: this.#parts.authority })
      if (prior === null) return 'MRG-1: no number of the patient'
      if (prior === patient.mrn) return 'MRG-1: the same number as PID-3'
      const when = this.#when({ kind }, group)
      if (kind === 'merged') facts.push({ ...when, kind: 'merged', patient, prior })
      else {
        const visit = textOf(group.visit, 19) ?? textOf(group.merged, 5)
        if (visit === null) return 'PV1-19: no number of the visit'
        facts.push({ ...when, visit, kind: 'visit-moved', patient, prior })
      }
    }
    return facts
  }

  #identity(patient: Segment): PatientIdentity | string {
    const { authority, faults } = this.#parts
    const identity = identityOf(patient, this.#message.separators, authority)
    if (identity === null || identity.mrn === null) return authority === '' ? 'PID-3: no number of the patient' : 'PID-3: no number of the authority that is set'
    const demographics = demographicsOf(patient)
    if (demographics.isBroken) faults.push({ why: 'is no date', at: 'PID-7' })
    return { ...identity, ...demographics.known }
  }

  /**
   * When it became so, and which visit it is of. A time that cannot be read is told, and the next best taken; PV1-44 and -45 say when
   * the patient came and went, and nothing of other events.
   */
  #when({ kind }: Event, group: Group): Pick<PatientFact, 'effectiveAt' | 'visit'> {
    const { recorded, reader } = this.#parts
    const visited = kind === 'admitted' || kind === 'registered' ? 44 : kind === 'discharged' ? 45 : null
    const candidates: readonly (readonly [at: string, time: Hl7Time | { readonly kind: 'day' }])[] = [
      ['EVN-6', this.#time(recorded, 6)],
      ...(visited === null ? [] : [[`PV1-${visited}`, this.#time(group.visit, visited)] as const]),
      ['EVN-2', this.#time(recorded, 2)],
      ['MSH-7', reader.sent],
    ]
    for (const [at, time] of candidates) {
      if (time.kind === 'at') return { effectiveAt: time.at, visit: visitOf(group) }
      if (time.kind === 'broken') this.#fault({ why: 'is no HL7 time', at })
      if (time.kind === 'day') this.#fault({ why: 'is a day without a time', at })
    }
    return { effectiveAt: null, visit: visitOf(group) }
  }

  /** Of a day alone nothing follows: who comes at noon would be given the values of who lay there that morning. */
  #time(segment: Segment | null, field: number): Hl7Time | { readonly kind: 'day' } {
    const text = segment === null || segment.isEmpty(field) ? '' : segment.value(field).trim()
    const time = this.#parts.reader.time(text)
    return time.kind === 'at' && DAY.test(text) ? { kind: 'day' } : time
  }

  #mustHavePlace({ visit }: Group, location: string | null): void {
    if (location === null && !(visit !== null && isErased(visit.field(3)))) this.#fault({ why: 'no place', at: 'PV1-3' })
  }

  #fault(fault: Fault): void {
    const { faults } = this.#parts
    if (!faults.some(({ why, at }) => why === fault.why && at === fault.at)) faults.push(fault)
  }
}

/** To the year, the month or the day. */
const DAY = /^\d{4,8}(?:[+-]\d{4})?$/

function textOf(segment: Segment | null, field: number): string | null {
  const text = segment === null ? '' : segment.value(field).trim()
  return text === '' || isErased(text) || text.length > driverLimits.jsonTextCharsMax ? null : text
}

const visitOf = ({ patient, visit }: Group): string | null => textOf(visit, 19) ?? textOf(patient, 18)

function erasedIn({ patient, visit }: Group): Pick<PatientFact, 'erased'> {
  const erased: NonNullable<PatientFact['erased']>[number][] = []
  if (isErased(patient.component(5, 1))) erased.push('name')
  if (isErased(patient.field(7))) erased.push('bornOn')
  if (isErased(patient.field(8))) erased.push('sex')
  if (visit !== null && isErased(visit.component(19, 1))) erased.push('visit')
  // Of a place that is erased part by part nothing is left either.
  if (visit !== null && locationOf(visit, 3) === null && [1, 2, 3].some((n) => isErased(visit.component(3, n)))) erased.push('location')
  return erased.length === 0 ? {} : { erased }
}
