/** Words and choices of the page “Shift”, and of what is said of people elsewhere. Pure. */

import type { BedNurse, ShiftBed, ShiftNurse, ShiftView, WardPeopleView } from '../api/shift-wire.ts'
import type { AlertView, BedView } from '../api/wire.ts'
import { clockText } from './age.ts'
import { bedText } from './words.ts'

type Told = NonNullable<AlertView['escalated']>[number]

const roleOf = ({ level, to }: Told): string => {
  if (to === null) return level === 'charge' ? 'charge nurse (nobody named: the whole ward)' : 'the whole ward'
  return level === 'charge' ? `charge nurse ${to}` : to
}

/** `told: anna 02:13, charge nurse carla 02:18`; empty where nobody was. */
export function toldText({ escalated = [] }: Pick<AlertView, 'escalated'>): string {
  return escalated.length === 0 ? '' : `told: ${escalated.map((told) => `${roleOf(told)} ${clockText(told.at).slice(0, 5)}`).join(', ')}`
}

/** Whose the bed is, as the tile says it: `anna`, `ben for anna`, `charge: carla`; empty where nobody ever said. */
export function nurseText(nurse: BedNurse | undefined): string {
  if (nurse === undefined) return ''
  const { assigned, holder } = nurse
  if (assigned === holder) return assigned ?? 'whole ward'
  if (assigned === null) return `charge: ${holder ?? ''}`
  return holder === null ? `whole ward for ${assigned}` : `${holder} for ${assigned}`
}

/** What every screen of the ward says while there is nobody to tell; null: all is well. */
export function wardNote(people: WardPeopleView | undefined): string | null {
  if (people === undefined || people.charge !== null) return people?.isOver === true ? 'The shift is over and nobody has begun the next.' : null
  return people.isSet ? 'No charge nurse is named: unanswered alerts are told to the whole ward.' : 'Nobody has said who has which bed: alerts are told to the whole ward.'
}

/** What is not as it should be, in sentences. */
export function shiftNotes({ shift, beds }: Pick<ShiftView, 'shift' | 'beds'>): readonly string[] {
  if (shift === null) return ['Nobody has said who has which bed: alerts are told to the whole ward.']
  const late = shift.nurses.filter(({ onBreak }) => onBreak?.isOver === true).map(({ name }) => `${name} is not back from the break.`)
  const without = beds.filter(({ assigned }) => assigned === null)
  return [
    ...(shift.isGone ? ['The shift is long over: the whole ward is told. Begin the next shift.'] : shift.isOver ? ['The shift is over: these are still its people. Begin the next shift.'] : []),
    ...(shift.charge === null ? ['No charge nurse is named: the whole ward is told in her place.'] : []),
    ...late,
    ...(without.length > 0 && without.length < beds.length ? [`${without.map(({ label }) => bedText(label)).join(', ')}: no nurse${shift.charge === null ? '' : `, so ${shift.charge} has ${without.length === 1 ? 'it' : 'them'}`}.`] : []),
  ]
}

/** Who was picked, and the beds that she is to have. */
export type Draft = { readonly nurse: string; readonly beds: ReadonlySet<string> }

export const draftOf = ({ name, beds }: Pick<ShiftNurse, 'name' | 'beds'>): Draft => ({ nurse: name, beds: new Set(beds) })

export function toggled({ nurse, beds }: Draft, bed: string): Draft {
  const next = new Set(beds)
  if (!next.delete(bed)) next.add(bed)
  return { nurse, beds: next }
}

export const isChanged = ({ beds }: Draft, before: readonly string[]): boolean => beds.size !== before.length || before.some((bed) => !beds.has(bed))

/** `3 beds, 1 of ben`: what saving would do. */
export function draftText({ nurse, beds }: Draft, all: readonly ShiftBed[]): string {
  const taken = Map.groupBy(all.filter(({ bed, assigned }) => beds.has(bed) && assigned !== null && assigned !== nurse), ({ assigned }) => assigned ?? '')
  return [`${beds.size} ${beds.size === 1 ? 'bed' : 'beds'}`, ...[...taken].map(([name, of]) => `${of.length} of ${name}`)].join(', ')
}

/** Who may be named and is not on the shift yet. */
export const othersToName = ({ people, shift }: Pick<ShiftView, 'people' | 'shift'>): readonly string[] =>
  people.map(({ name }) => name).filter((name) => shift === null || !shift.nurses.some((one) => one.name === name))

/** Nurses who have a bed now, with how many, in the order of the ward. */
export function holders(beds: readonly Pick<BedView, 'nurse'>[]): readonly (readonly [name: string, beds: number])[] {
  const counted = new Map<string, number>()
  for (const { nurse } of beds) if (nurse?.holder) counted.set(nurse.holder, (counted.get(nurse.holder) ?? 0) + 1)
  return [...counted]
}

/** Hers, or given to her although another has it for now. */
export const isMine = ({ nurse }: Pick<BedView, 'nurse'>, me: string | null): boolean => me !== null && (nurse?.holder === me || nurse?.assigned === me)

/** Own beds first; none is ever left out. */
export const ownFirst = <Some extends Pick<BedView, 'nurse'>>(beds: readonly Some[], me: string | null): readonly Some[] =>
  me === null ? beds : [...beds.filter((bed) => isMine(bed, me)), ...beds.filter((bed) => !isMine(bed, me))]
