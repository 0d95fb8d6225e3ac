/**
 * Who has which bed in this shift. Pure: a change makes a new shift of the one before. Whom it names is read out of it by
 * who-has.ts. A nurse is known by the name that she signs in with; one without an account can be named too.
 */

import type { BedId } from '../domain/ids.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { peopleLimits } from '../limits.ts'
import { whoHas } from './who-has.ts'

export type Break = { readonly since: WallMs; readonly until: WallMs }

/** `buddy`: has the beds while this nurse is on break, and is told second. */
export type NurseOnShift = { readonly name: string; readonly beds: readonly BedId[]; readonly buddy: string | null; readonly onBreak: Break | null }

export type Shift = {
  /** One more with each change: names what an undo takes back. */
  readonly version: number
  readonly startedAt: WallMs
  readonly endsAt: WallMs
  /** Who began it. */
  readonly by: string
  /** One of `nurses`. */
  readonly charge: string | null
  readonly nurses: readonly NurseOnShift[]
}

export type ShiftRequest =
  /** A new shift. `keep`: everybody stays where they were; else it begins with nobody. */
  | { readonly what: 'begin'; readonly hours: number; readonly keep: boolean }
  /** The beds of one nurse, all of them: those that another had are hers from now on. None: she is there, and has none. */
  | { readonly what: 'assign'; readonly nurse: string; readonly beds: readonly BedId[] }
  | { readonly what: 'buddy'; readonly nurse: string; readonly buddy: string | null }
  | { readonly what: 'charge'; readonly nurse: string | null }
  | { readonly what: 'break'; readonly nurse: string; readonly minutes: number }
  | { readonly what: 'back'; readonly nurse: string }
  /** Goes home: her beds are nobody's, which is to say the charge nurse's. */
  | { readonly what: 'leave'; readonly nurse: string }

export type ShiftChange = { readonly kind: 'done'; readonly shift: Shift } | { readonly kind: 'refused'; readonly why: string }

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} .'’_@-]*$/u

/** A person's name as it may stand in a shift; null when it is none. */
export function personName(text: string): string | null {
  const name = text.normalize('NFKC').trim()
  return NAME.test(name) && name.length <= peopleLimits.nameCharsMax ? name : null
}

type Said = { readonly by: string; readonly at: WallMs; /** All beds of the ward. */ readonly beds: readonly BedId[] }

/** `before` null: nobody has ever said who has which bed. */
export function changeShift(before: Shift | null, request: ShiftRequest, said: Said): ShiftChange {
  if (request.what === 'begin') return begun(before, request, said)
  // Somebody is assigned before anybody thought of beginning a shift: it begins now.
  const shift = before ?? { version: 0, startedAt: said.at, endsAt: wallMs(said.at + peopleLimits.usualShiftHours * HOUR_MS), by: said.by, charge: null, nurses: [] }
  const next = (change: Partial<Shift>): ShiftChange => within({ ...shift, ...change, version: shift.version + 1 })
  switch (request.what) {
    case 'assign': {
      const stranger = request.beds.find((bed) => !said.beds.includes(bed))
      if (stranger !== undefined) return refused(`There is no bed ${stranger}.`)
      const others = withNurse(shift, request.nurse).map((one) => ({ ...one, beds: one.beds.filter((bed) => !request.beds.includes(bed)) }))
      return next({ nurses: others.map((one) => (one.name === request.nurse ? { ...one, beds: said.beds.filter((bed) => request.beds.includes(bed)) } : one)) })
    }
    case 'buddy': {
      if (request.nurse === request.buddy) return refused('Nobody is their own buddy.')
      const all = request.buddy === null ? withNurse(shift, request.nurse) : withNurse({ ...shift, nurses: withNurse(shift, request.nurse) }, request.buddy)
      return next({ nurses: all.map((one) => (one.name === request.nurse ? { ...one, buddy: request.buddy } : one)) })
    }
    case 'charge':
      return next({ charge: request.nurse, nurses: request.nurse === null ? shift.nurses : withNurse(shift, request.nurse) })
    case 'break':
      return onBreak(shift, request, said)
    case 'back':
      if (!shift.nurses.some(({ name, onBreak: away }) => name === request.nurse && away !== null)) return refused(`${request.nurse} is not on break.`)
      return next({ nurses: shift.nurses.map((one) => (one.name === request.nurse ? { ...one, onBreak: null } : one)) })
    case 'leave': {
      if (!shift.nurses.some(({ name }) => name === request.nurse)) return refused(`${request.nurse} is not on this shift.`)
      const left = shift.nurses.filter(({ name }) => name !== request.nurse)
      return next({ charge: shift.charge === request.nurse ? null : shift.charge, nurses: left.map((one) => (one.buddy === request.nurse ? { ...one, buddy: null } : one)) })
    }
  }
}

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

const refused = (why: string): ShiftChange => ({ kind: 'refused', why })

const within = (shift: Shift): ShiftChange =>
  shift.nurses.length > peopleLimits.nursesPerShiftMax ? refused(`There are already ${peopleLimits.nursesPerShiftMax} people on this shift.`) : { kind: 'done', shift }

const withNurse = ({ nurses }: Pick<Shift, 'nurses'>, name: string): readonly NurseOnShift[] =>
  nurses.some((one) => one.name === name) ? nurses : [...nurses, { name, beds: [], buddy: null, onBreak: null }]

function begun(before: Shift | null, { hours, keep }: ShiftRequest & { readonly what: 'begin' }, { by, at }: Said): ShiftChange {
  if (!(hours > 0 && hours <= peopleLimits.shiftHoursMax)) return refused(`A shift lasts up to ${peopleLimits.shiftHoursMax} hours.`)
  const kept = keep && before !== null ? { charge: before.charge, nurses: before.nurses } : { charge: null, nurses: [] }
  return { kind: 'done', shift: { ...kept, version: (before?.version ?? 0) + 1, startedAt: at, endsAt: wallMs(at + hours * HOUR_MS), by } }
}

/** A second word on a break that runs makes it longer or shorter. Nobody goes while nobody would be told in their place. */
function onBreak(shift: Shift, { nurse, minutes }: ShiftRequest & { readonly what: 'break' }, { at, beds }: Said): ShiftChange {
  if (!(minutes > 0 && minutes <= peopleLimits.breakMinutesMax)) return refused(`A break lasts up to ${peopleLimits.breakMinutesMax} minutes.`)
  const one = shift.nurses.find(({ name }) => name === nurse)
  if (one === undefined) return refused(`${nurse} is not on this shift.`)
  const away: Break = { since: one.onBreak?.since ?? at, until: wallMs(at + minutes * MINUTE_MS) }
  const next: Shift = { ...shift, version: shift.version + 1, nurses: shift.nurses.map((each) => (each.name === nurse ? { ...each, onBreak: away } : each)) }
  const isLeftAlone = (bed: BedId | null): boolean => whoHas(shift, bed, at).holder === nurse && whoHas(next, bed, at).holder === null
  if ([...beds, null].some(isLeftAlone)) return refused(`Nobody would be told in place of ${nurse}: name a buddy or a charge nurse who is there.`)
  return { kind: 'done', shift: next }
}
