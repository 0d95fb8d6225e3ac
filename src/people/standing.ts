/** The shift as it stands in the store. Pure and total: what is damaged, or of another Vigil, is as if nobody had said it. */

import { type BedId, bedId, isId } from '../domain/ids.ts'
import { wallMs } from '../domain/time.ts'
import { peopleLimits } from '../limits.ts'
import { type Break, type NurseOnShift, type Shift, personName } from './shift.ts'

export const SHIFT_KEY = 'shift'

/** `beds`: those that there are; one that is there no more is nobody's. */
export function parseShift(value: unknown, beds: readonly BedId[]): Shift | null {
  if (!isRecord(value)) return null
  const { version, startedAt, endsAt, by, charge, nurses } = value
  if (!isNumber(version) || !isNumber(startedAt) || !isNumber(endsAt) || typeof by !== 'string' || !Array.isArray(nurses)) return null
  if (nurses.length > peopleLimits.nursesPerShiftMax) return null
  const parsed = nurses.flatMap((one: unknown): NurseOnShift[] => {
    const nurse = nurseOf(one, beds)
    return nurse ? [nurse] : []
  })
  if (parsed.length < nurses.length || new Set(parsed.map(({ name }) => name)).size < parsed.length) return null
  const isThere = (name: unknown): name is string => parsed.some((one) => one.name === name)
  const had = new Set<BedId>()
  const once = parsed.map((one) => ({
    ...one,
    buddy: one.buddy !== one.name && isThere(one.buddy) ? one.buddy : null,
    beds: one.beds.filter((bed) => !had.has(bed) && had.add(bed)),
  }))
  return { version, startedAt: wallMs(startedAt), endsAt: wallMs(endsAt), by, charge: isThere(charge) ? charge : null, nurses: once }
}

function nurseOf(value: unknown, known: readonly BedId[]): NurseOnShift | null {
  if (!isRecord(value)) return null
  const { name, beds, buddy, onBreak } = value
  if (typeof name !== 'string' || personName(name) !== name || !Array.isArray(beds)) return null
  const own = beds.flatMap((bed: unknown) => (typeof bed === 'string' && isId(bed) ? [bedId(bed)] : [])).filter((bed) => known.includes(bed))
  return { name, beds: own, buddy: typeof buddy === 'string' ? buddy : null, onBreak: breakOf(onBreak) }
}

const breakOf = (value: unknown): Break | null =>
  isRecord(value) && isNumber(value['since']) && isNumber(value['until']) ? { since: wallMs(value['since']), until: wallMs(value['until']) } : null

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)
