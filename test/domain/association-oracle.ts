/**
 * A ward in which it is known who truly lay where, and what its registry, people and monitors said of it, late and in any order:
 * the oracle of the property tests. It shares nothing with the ledger but the types of what is said.
 */

import type { Fact, FactBody } from '../../src/domain/association.ts'
import { type BedId, type DeviceId, bedId, deviceId } from '../../src/domain/ids.ts'
import type { PatientIdentity } from '../../src/domain/reading.ts'
import { wallMs } from '../../src/domain/time.ts'

export const START = Date.UTC(2026, 0, 15, 2, 0, 0)
const MINUTE = 60_000

/** A set of values that one monitor measured at once; it arrives later where the monitor was offline. */
export type Row = { readonly bed: BedId; readonly at: number; readonly arrivesAt: number; /** Who it was. */ readonly patient: string }
export type Schedule = { readonly beds: readonly BedId[]; /** In the order in which they are learned. */ readonly facts: readonly Fact[]; readonly rows: readonly Row[] }

type Patient = {
  readonly name: string
  mrn: string
  visit: string
  bed: BedId | null
  isAway: boolean
  isIn: boolean
  /** Something that is wrong was said of him, and is not taken back yet. */
  pending: (() => void) | null
}

/** Mulberry32: small and good enough, and the same everywhere. */
export function random(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export const OPERATIONS = ['admit', 'transfer', 'swap', 'discharge', 'leave', 'merge', 'cancel', 'scan', 'monitor', 'describe', 'move visit'] as const
export type Operation = (typeof OPERATIONS)[number]

/** One ward of a few hours. The same seed, the same ward. */
export function schedule(seed: number, told: (operation: Operation) => void = () => undefined): Schedule {
  const next = random(seed)
  const below = (count: number): number => Math.floor(next() * count)
  const pick = <Item>(items: readonly Item[]): Item | null => items[below(items.length)] ?? null
  const beds = Array.from({ length: 2 + below(3) }, (_, place) => bedId(`bed-${place + 1}`))
  const patients: Patient[] = Array.from({ length: 2 + below(4) }, (_, place) => ({
    name: `patient ${place}`, mrn: `${1_000 + place}`, visit: '', bed: null, isAway: false, isIn: false, pending: null,
  }))
  const said: { readonly at: number; readonly learnedAt: number; readonly source: Fact['source']; readonly by: string; readonly body: FactBody }[] = []
  const rows: Row[] = []
  const words = new Map<BedId, string>()
  const offlineUntil = new Map<BedId, number>()
  let visits = 0
  let now = START

  const delay = (): number => (next() < 0.55 ? 0 : next() < 0.7 ? 10 * MINUTE * next() : 90 * MINUTE * next())
  const say = (body: FactBody, source: Fact['source'] = 'adt', by = 'registry'): void =>
    void said.push({ at: now, learnedAt: now + (source === 'adt' ? delay() : 0), source, by, body })
  const identity = ({ mrn, name }: Patient): PatientIdentity => ({ mrn, name })
  const isFree = (bed: BedId): boolean => patients.every((other) => other.bed !== bed)
  const freeBed = (): BedId | null => pick(beds.filter(isFree))
  const placed = (patient: Patient, how: 'admitted' | 'transferred', bed: BedId | null, prior: BedId | null): void =>
    say({ kind: 'placed', how, patient: identity(patient), visit: patient.visit, bed, prior })
  const settled = (): readonly Patient[] => patients.filter(({ pending }) => pending === null)

  const operations: Readonly<Record<Operation, () => boolean>> = {
    admit() {
      const patient = pick(settled().filter(({ isIn }) => !isIn))
      const bed = freeBed()
      if (!patient || bed === null) return false
      Object.assign(patient, { visit: `v${++visits}`, bed, isIn: true })
      placed(patient, 'admitted', bed, null)
      return true
    },
    transfer() {
      const patient = pick(settled().filter(({ isIn, isAway }) => isIn && !isAway))
      const to = next() < 0.2 ? null : freeBed()
      if (!patient || patient.bed === to) return false
      const prior = patient.bed
      patient.bed = to
      placed(patient, 'transferred', to, prior)
      return true
    },
    swap() {
      const here = settled().filter(({ bed, isAway }) => bed !== null && !isAway)
      const one = pick(here)
      const other = pick(here.filter((patient) => patient !== one))
      if (!one || !other) return false
      const first = one.bed
      one.bed = other.bed
      other.bed = first
      const learnedAt = now + delay()
      for (const patient of [one, other]) {
        said.push({ at: now, learnedAt, source: 'adt', by: 'registry', body: { kind: 'placed', how: 'transferred', patient: identity(patient), visit: patient.visit, bed: patient.bed, prior: null } })
      }
      return true
    },
    discharge() {
      const patient = pick(settled().filter(({ isIn }) => isIn))
      if (!patient) return false
      say({ kind: 'discharged', patient: identity(patient), visit: patient.visit })
      Object.assign(patient, { isIn: false, isAway: false, bed: null })
      return true
    },
    leave() {
      const patient = pick(settled().filter(({ isIn, bed, isAway }) => isIn && (isAway || bed !== null)))
      if (!patient) return false
      if (!patient.isAway) {
        say({ kind: 'away', patient: identity(patient), visit: patient.visit })
        Object.assign(patient, { isAway: true, bed: null })
        return true
      }
      const bed = freeBed()
      if (bed === null) return false
      Object.assign(patient, { isAway: false, bed })
      say({ kind: 'returned', patient: identity(patient), visit: patient.visit, bed })
      return true
    },
    merge() {
      const patient = pick(settled())
      if (!patient) return false
      const prior = patient.mrn
      patient.mrn = `${prior}m`
      say({ kind: 'merged', patient: identity(patient), prior })
      return true
    },
    /** Something is said that is not so, and taken back a while later. */
    cancel() {
      const patient = pick(settled())
      if (!patient) return false
      const wrong = freeBed()
      const takeBack = (what: 'admitted' | 'transferred' | 'discharged', bed: BedId | null): void => {
        const at = now
        const { visit } = patient
        // Some registries give the time of what is cancelled, others that of the message.
        const isExact = next() < 0.5
        patient.pending = () => {
          patient.pending = null
          said.push({ at: isExact ? at : now, learnedAt: now + delay(), source: 'adt', by: 'registry', body: { kind: 'cancelled', what, patient: identity(patient), visit, bed } })
        }
      }
      if (!patient.isIn) {
        if (wrong === null) return false
        patient.visit = `v${++visits}`
        placed(patient, 'admitted', wrong, null)
        takeBack('admitted', null)
      } else if (patient.isAway) return false
      else if (next() < 0.5) {
        if (wrong === null || patient.bed === null) return false
        placed(patient, 'transferred', wrong, patient.bed)
        takeBack('transferred', next() < 0.5 ? patient.bed : null)
      } else {
        say({ kind: 'discharged', patient: identity(patient), visit: patient.visit })
        takeBack('discharged', patient.bed)
      }
      return true
    },
    scan() {
      const patient = pick(settled().filter(({ bed }) => bed !== null))
      if (!patient) return false
      say({ kind: 'placed', how: 'seen', patient: identity(patient), visit: null, bed: patient.bed, prior: null }, 'scan', 'Ana')
      return true
    },
    /** Somebody enters the patient who lies there on the monitor, sooner or later or never. */
    monitor() {
      const patient = pick(settled().filter(({ bed }) => bed !== null))
      if (!patient || patient.bed === null || words.get(patient.bed) === patient.name) return false
      words.set(patient.bed, patient.name)
      say({ kind: 'asserted', bed: patient.bed, device: monitorOf(patient.bed), patient: identity(patient) }, 'device', monitorOf(patient.bed))
      return true
    },
    describe() {
      const patient = pick(settled().filter(({ isIn, isAway }) => isIn && !isAway))
      if (!patient) return false
      if (next() < 0.5) say({ kind: 'described', patient: identity(patient), visit: patient.visit })
      else say({ kind: 'placed', how: 'updated', patient: identity(patient), visit: patient.visit, bed: patient.bed, prior: null })
      return true
    },
    /** Admitted under the number of another, and put right later. */
    'move visit'() {
      const patient = pick(settled().filter(({ isIn }) => !isIn))
      const victim = pick(settled().filter((other) => other !== patient && !other.isIn))
      const bed = freeBed()
      if (!patient || !victim || bed === null) return false
      const visit = `v${++visits}`
      const wrong = identity(victim)
      Object.assign(patient, { visit, bed, isIn: true })
      say({ kind: 'placed', how: 'admitted', patient: wrong, visit, bed, prior: null })
      const putRight = (): void => {
        patient.pending = null
        victim.pending = null
        say({ kind: 'visit-moved', patient: identity(patient), prior: victim.mrn, visit })
      }
      patient.pending = putRight
      victim.pending = putRight
      return true
    },
  }

  const steps = 10 + below(25)
  for (let step = 0; step < steps; step++) {
    now += MINUTE * (1 + below(20))
    const pending = pick(patients.filter((patient) => patient.pending !== null))
    const operation = pick(OPERATIONS)
    if (pending && next() < 0.5) pending.pending?.()
    else if (operation && operations[operation]()) told(operation)
    measure()
  }
  for (const patient of patients) {
    now += MINUTE
    patient.pending?.()
  }

  /** A while after what happened, and before the next thing happens. */
  function measure(): void {
    const at = now + MINUTE / 2
    for (const { bed, name } of patients) {
      if (bed === null) continue
      if (next() < 0.1) offlineUntil.set(bed, at + 60 * MINUTE * next())
      rows.push({ bed, at, arrivesAt: Math.max(at, offlineUntil.get(bed) ?? 0), patient: name })
    }
  }

  const facts = said
    .toSorted((a, b) => a.learnedAt - b.learnedAt)
    .map(({ at, learnedAt, source, by, body }, place): Fact => ({ id: place + 1, learnedAt: wallMs(learnedAt), effectiveAt: wallMs(at), source, by, body }))
  return { beds, facts, rows: rows.toSorted((a, b) => a.arrivesAt - b.arrivesAt) }
}

const monitors = new Map<BedId, DeviceId>()

export function monitorOf(bed: BedId): DeviceId {
  const known = monitors.get(bed) ?? deviceId(`monitor-of-${bed}`)
  monitors.set(bed, known)
  return known
}
