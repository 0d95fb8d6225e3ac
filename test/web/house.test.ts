import { describe, expect, it } from 'vitest'
import type { BedMarkView, GoalView, WardModeView } from '../../src/api/house-wire.ts'
import { soundingOf } from '../../src/domain/alert-row.ts'
import { goalMark, markText, saidBefore, stateWord, wardBanner } from '../../src/web/house.ts'

const NOW = new Date(2026, 2, 1, 14, 0).getTime()
const MINUTE = 60_000
const away: BedMarkView = { state: 'away', phase: 'in-force', by: 'Ana', at: NOW - 20 * MINUTE, until: NOW + 30 * MINUTE, reason: 'imaging', words: 'CT head' }
const goal: GoalView = { goal: 'comfort', by: 'Ana', at: NOW, decidedBy: 'Dr. Osei', reason: 'x', reviewHours: 24, reviewedBy: 'Ana', reviewDueAt: NOW + MINUTE, quiets: true }

describe('what stands on a tile', () => {
  it('is the word first, then until when, and who said it', () => {
    expect([stateWord(away), markText(away, NOW)]).toEqual(['AWAY', 'until 14:30 · Ana · imaging · CT head'])
    expect(markText({ ...away, phase: 'overdue', until: NOW - MINUTE }, NOW)).toMatch(/^was to be back by 13:59 · Ana/)
    expect([stateWord({ state: 'cleaning', phase: 'in-force', by: 'Ben', at: NOW }), markText({ state: 'cleaning', phase: 'in-force', by: 'Ben', at: NOW }, NOW)]).toEqual(['CLEANING', 'since 14:00 · Ben'])
  })

  it('says a goal that is not full, and when its review is due', () => {
    expect(goalMark(goal, NOW)).toBe('comfort care')
    expect(goalMark(goal, NOW + 2 * MINUTE)).toBe('comfort care, review due')
    expect([goalMark({ ...goal, goal: 'full' }, NOW + 2 * MINUTE), goalMark(undefined, NOW)]).toEqual(['', ''])
  })
})

it('what takes a word back says what stood before with the time that was left; what was over anyway is not said again', () => {
  expect(saidBefore(undefined, NOW)).toEqual({ state: 'occupied' })
  expect(saidBefore(away, NOW)).toEqual({ state: 'away', reason: 'imaging', words: 'CT head', minutes: 30 })
  expect(saidBefore(away, NOW + 31 * MINUTE)).toEqual({ state: 'occupied' })
  expect(saidBefore({ state: 'empty', phase: 'measured', by: 'Ben', at: NOW }, NOW)).toEqual({ state: 'empty' })
})

describe('a ward that is not live', () => {
  const watching = (mode: WardModeView['mode'], of: Partial<WardModeView> = {}): WardModeView => ({ mode, isSilent: mode === 'commissioning', since: NOW, by: 'T. Brandt', words: 'new switch', ...of })
  it('says so on every screen, with its reason and its end; one that is live says nothing', () => {
    expect([wardBanner(undefined, NOW), wardBanner(watching('live'), NOW)]).toEqual([null, null])
    expect(wardBanner(watching('commissioning'), NOW)?.head).toBe('COMMISSIONING: silent, do not rely on it')
    expect(wardBanner(watching('maintenance', { until: NOW + 30 * MINUTE }), NOW)).toEqual({ head: 'MAINTENANCE: do not rely on Vigil', words: 'until 14:30 · new switch · T. Brandt' })
    expect(wardBanner(watching('maintenance', { until: NOW - MINUTE }), NOW)?.words).toMatch(/^was to be over at 13:59/)
    expect(wardBanner(watching('maintenance', { until: NOW, isSilent: true }), NOW)?.head).toMatch(/SILENT/)
  })
})

it('a prompt of comfort care is seen and not heard; another advisory, and a limit, are heard', () => {
  const alert = { state: 'active' as const, priority: 'low' as const, acknowledged: null, audioPaused: null, type: 'advisory' as const, condition: 'news2/deterioration' }
  const heard = (one: typeof alert | (Omit<typeof alert, 'type'> & { readonly type: 'physiological' })) => soundingOf({ head: one, others: [], carried: [] }).length
  expect([heard(alert), heard({ ...alert, condition: 'monitor/x' }), heard({ ...alert, type: 'physiological' })]).toEqual([0, 1, 1])
})
