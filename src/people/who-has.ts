/** Who has a bed now, and who is told if that person does not answer. Pure. Never nobody: null means the whole ward. */

import type { BedId } from '../domain/ids.ts'
import type { WallMs } from '../domain/time.ts'
import { peopleLimits } from '../limits.ts'
import type { NurseOnShift, Shift } from './shift.ts'

/** null in `holder`, `buddy` and `charge`: nobody in particular, so everybody. */
export type WhoHas = {
  /** Whom the bed was given to in this shift; null: to nobody, so that the charge nurse has it. */
  readonly assigned: string | null
  /** Who is told at once: the nurse of the bed, the buddy while she is on break, else the charge nurse. */
  readonly holder: string | null
  /** Who is told next: never the one who was told first. */
  readonly buddy: string | null
  readonly charge: string | null
}

const NOBODY: WhoHas = { assigned: null, holder: null, buddy: null, charge: null }

export const isOver = ({ endsAt }: Shift, now: WallMs): boolean => now >= endsAt

/** So long after its end nobody of a shift is believed to be there any more. */
export const isGone = ({ endsAt }: Shift, now: WallMs): boolean => now - endsAt >= peopleLimits.shiftOverToldMs

/** Of a bed, or with null of what is about no bed. */
export function whoHas(shift: Shift | null, bed: BedId | null, now: WallMs): WhoHas {
  if (shift === null) return NOBODY
  const assigned = bed === null ? null : (shift.nurses.find(({ beds }) => beds.includes(bed))?.name ?? null)
  if (isGone(shift, now)) return { ...NOBODY, assigned }
  const charge = present(shift, shift.charge)
  const holder = present(shift, assigned) ?? charge
  const second = present(shift, nurseOf(shift, holder)?.buddy ?? null)
  return { assigned, holder, buddy: second !== null && second !== holder ? second : charge === holder ? null : charge, charge }
}

const nurseOf = ({ nurses }: Shift, name: string | null): NurseOnShift | null => nurses.find((one) => one.name === name) ?? null

/** This nurse, or while she is on break her buddy, and so on; null when all of them are away. */
function present(shift: Shift, name: string | null): string | null {
  const asked = new Set<string>()
  for (let one = nurseOf(shift, name); one !== null && !asked.has(one.name); one = nurseOf(shift, one.buddy)) {
    if (one.onBreak === null) return one.name
    asked.add(one.name)
  }
  return null
}

/** Who should be back by now, and who has their beds meanwhile. */
export const overdue = (shift: Shift | null, now: WallMs): readonly NurseOnShift[] =>
  shift === null || isGone(shift, now) ? [] : shift.nurses.filter(({ onBreak }) => onBreak !== null && now >= onBreak.until)
