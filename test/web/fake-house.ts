/** How the beds of the fake ward are, what treatments are for and how it is watched, as people said it to the fake gateway. */

import type { BedMarkView, CommissioningView, GoalView, WardModeView } from '../../src/api/house-wire.ts'
import type { BedStateRequest } from '../../src/web/house.ts'

const MINUTE = 60_000

/** One of each. */
export const marksAt = (now: number): ReadonlyMap<string, BedMarkView> => new Map<string, BedMarkView>([
  ['5', { state: 'away', phase: 'in-force', by: 'Ana', at: now - 25 * MINUTE, until: now + 35 * MINUTE, reason: 'imaging', words: 'CT head' }],
  ['6', { state: 'away', phase: 'overdue', by: 'Ana', at: now - 90 * MINUTE, until: now - 4 * MINUTE, reason: 'dialysis', words: '' }],
  ['9', { state: 'empty', phase: 'measured', by: 'Ben', at: now - 30 * MINUTE }],
  ['11', { state: 'cleaning', phase: 'in-force', by: 'Ben', at: now - 12 * MINUTE }],
  ['12', { state: 'maintenance', phase: 'in-force', by: 'T. Brandt', at: now - 5 * MINUTE, until: now + 25 * MINUTE, words: 'new cable' }],
])
export const goalsAt = (now: number): ReadonlyMap<string, GoalView> => new Map<string, GoalView>([
  ['stay-3', { goal: 'comfort', by: 'Ana', at: now - 300 * MINUTE, decidedBy: 'Dr. Osei', reason: 'as the family wishes', reviewHours: 24, reviewedBy: 'Ana', reviewDueAt: now + 1_140 * MINUTE, quiets: true }],
  ['stay-8', { goal: 'limited', by: 'Ben', at: now - 1_500 * MINUTE, decidedBy: 'Dr. Lund', reason: 'no intensive care', reviewHours: 24, reviewedBy: 'Ben', reviewDueAt: now - 60 * MINUTE, quiets: false }],
])

export function markOf(request: BedStateRequest, by: string, now: number): BedMarkView | null {
  if (request.state === 'occupied') return null
  const { state, ...rest } = request
  const minutes = 'minutes' in rest ? rest.minutes : null
  return {
    state, phase: 'in-force', by, at: now, ...(minutes === null ? {} : { until: now + minutes * MINUTE }),
    ...('reason' in rest ? { reason: rest.reason } : {}), ...('words' in rest ? { words: rest.words } : {}),
  }
}

export function watchingAt(kind: WardModeView['mode'], now: number): WardModeView {
  if (kind === 'maintenance') return { mode: kind, isSilent: false, since: now - 10 * MINUTE, by: 'T. Brandt', words: 'new switch in the cellar', until: now + 50 * MINUTE }
  return kind === 'commissioning' ? { mode: kind, isSilent: true, since: now - 7_000 * MINUTE, by: null, words: '' } : { mode: kind, isSilent: false, since: now - 9_000 * MINUTE, by: 'K. Adler', words: 'Seven days looked through with the ward sister' }
}

export function commissioningAt(now: number): CommissioningView {
  const DAY = 86_400_000
  const rule = (words: string, priority: 'high' | 'medium' | 'low', alerts: number) => ({ condition: words, words, priority, alerts, perBedDay: alerts / 46.2, medianSeconds: 18 + alerts / 3, shortShare: 0.18 })
  return {
    from: now - 5 * DAY, to: now, beds: 12, bedDays: 46.2, alerts: 241, perBedDay: 241 / 46.2, shortShare: 0.19, isCut: false,
    rules: [rule('SpO₂ low', 'medium', 118), rule('HR high', 'medium', 61), rule('SpO₂ low', 'high', 22), rule('NEWS2, estimate', 'high', 14), rule('silence/device', 'medium', 26)],
    perBed: Array.from({ length: 12 }, (_, bed) => ({ bed: String(bed + 1), label: String(bed + 1), bedDays: bed === 10 ? 0 : 4.2, alerts: [70, 51, 34, 22, 17, 13, 11, 9, 7, 4, 0, 3][bed] ?? 0, perBedDay: ([70, 51, 34, 22, 17, 13, 11, 9, 7, 4, 0, 3][bed] ?? 0) / 4.2, high: bed === 0 ? 9 : 1 })),
    perDay: [58, 51, 44, 49, 39].map((alerts, day) => ({ from: now - (5 - day) * DAY, alerts, high: 7, medium: alerts - 12, low: 5 })),
    offenders: [{ label: '1', condition: 'threshold/spo2-low', words: 'SpO₂ low', alerts: 52 }, { label: '2', condition: 'threshold/hr-high', words: 'HR high', alerts: 31 }],
  }
}
