/** A ward of the oracle with its ledger, and a store in memory that puts rows right at once: for schedules of hours in a moment. */

import type { Fact } from '../../src/domain/association.ts'
import type { BedId, StayId } from '../../src/domain/ids.ts'
import { stayId } from '../../src/domain/ids.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { createBeds, hasRows } from '../../src/pump/beds.ts'
import { Associations, type Learned } from '../../src/pump/ledger.ts'
import type { Now } from '../../src/pump/watch.ts'
import type { StayRecord } from '../../src/seams.ts'
import { type Row, type Schedule, monitorOf } from '../domain/association-oracle.ts'

export type Trouble = { readonly row: Row; readonly said: string | null }
type Kept = { readonly row: Row; stay: StayId | null }

export const nowAt = (wall: number): Now => ({ wall: wallMs(wall), at: monoMs(wall) })

export function ledgerWard(beds: readonly BedId[], isDeaf = false) {
  const wards = createBeds(beds.map((id) => ({ id, label: id })), [], 'adult')
  let minted = 0
  const associations = new Associations({
    beds: wards, restored: { facts: [], stays: [] }, mint: () => stayId(`stay-${++minted}`), placeOf: () => ({ kind: 'unsaid' }),
    devicesAt: (bed) => [monitorOf(bed)], roaming: [], identityMs: 72 * 3_600_000,
  })
  const stays = new Map<StayId, StayRecord>()
  const kept: Kept[] = []
  let moved = 0

  function take({ stays: written, reissues }: Learned): void {
    for (const stay of written) stays.set(stay.id, stay)
    for (const { of, from, to, stay } of isDeaf ? [] : reissues) {
      for (const one of kept) {
        if (!('bed' in of) || one.row.bed !== of.bed || one.row.at < from || one.row.at >= to || one.stay === stay) continue
        one.stay = stay
        moved++
      }
    }
  }

  return {
    associations,
    beds: wards,
    stays,
    kept,
    moved: () => moved,
    take,
    learn({ source, by, effectiveAt, learnedAt, body }: Fact): void {
      take(associations.learn([{ source, by, effectiveAt, body }], nowAt(learnedAt)))
    },
    /** Values of a device that names nobody. */
    measure(row: Row): StayId | null {
      const bed = wards.get(row.bed)
      if (!bed) throw new Error('no such bed')
      const now = nowAt(row.arrivesAt)
      take(associations.heard(bed, now))
      hasRows(bed, monitorOf(row.bed), { from: row.at, to: row.at })
      const stay = associations.stayAt(bed, row.at, now)?.id ?? null
      for (const made of associations.made()) stays.set(made.id, made)
      kept.push({ row, stay })
      return stay
    },
    nameOf: (stay: StayId | null): string | null => (stay === null ? null : (stays.get(stay)?.identity?.name ?? null)),
  }
}

/** Facts and rows as they come; what each row was said to be then, and is said to be in the end. `isDeaf`: rows are not put right. */
export function playWard({ beds, facts, rows }: Schedule, isDeaf = false): { readonly ward: ReturnType<typeof ledgerWard>; readonly first: readonly Trouble[]; readonly last: readonly Trouble[] } {
  const ward = ledgerWard(beds, isDeaf)
  const first: Trouble[] = []
  let place = 0
  const learnUpTo = (at: number): void => {
    for (let next = facts[place]; next !== undefined && next.learnedAt <= at; next = facts[++place]) ward.learn(next)
  }
  for (const row of rows) {
    learnUpTo(row.arrivesAt)
    first.push({ row, said: ward.nameOf(ward.measure(row)) })
  }
  learnUpTo(Infinity)
  return { ward, first, last: ward.kept.map(({ row, stay }) => ({ row, said: ward.nameOf(stay) })) }
}
