import { describe, expect, it } from 'vitest'
import { bedId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import type { WatchChange } from '../../src/domain/watch.ts'
import { commissioningOf, timeOf } from '../../src/evaluate/commissioning.ts'
import { commissioningHtml } from '../../src/evaluate/commissioning-html.ts'
import type { AlertSpan } from '../../src/evaluate/compare.ts'
import { conditionWords } from '../../src/evaluate/report.ts'
import { houseLimits } from '../../src/limits.ts'
import { WATCHED } from '../../src/rules/armed.ts'

const DAY = 86_400_000
const START = Date.UTC(2026, 2, 1)
const BEDS = [{ id: bedId('bed-1'), label: '1' }, { id: bedId('bed-2'), label: '2' }, { id: bedId('bed-3'), label: '3' }]

const span = (bed: number, condition: string, of: Partial<AlertSpan> & { readonly from: number; readonly forMs: number | null }): AlertSpan => {
  const { forMs, ...rest } = of
  return { condition, bed: bedId(`bed-${bed}`), stay: stayId('s'), priority: 'medium', text: 'x', ...rest, to: forMs === null ? null : of.from + forMs }
}
const changes = (bed: number, state: WatchChange['state'], from: number): WatchChange[] => WATCHED.map((rule) => ({ bed: bedId(`bed-${bed}`), stay: stayId('s'), rule, from: wallMs(from), state }))
const time = { from: wallMs(START), to: wallMs(START + 2 * DAY) }

describe('what a silent ward would have said', () => {
  const figures = commissioningOf(BEDS, {
    spans: [
      span(1, 'threshold/spo2-low', { from: START + 1_000, forMs: 5_000, priority: 'high' }),
      span(1, 'threshold/spo2-low', { from: START + DAY + 1_000, forMs: 60_000, priority: 'high' }),
      span(1, 'silence/device', { from: START + DAY + 2_000, forMs: null, priority: 'low' }),
      span(2, 'threshold/spo2-low', { from: START + 3_000, forMs: 10_000 }),
      span(2, 'threshold/spo2-low', { from: START - 3_000, forMs: 10_000 }),
    ],
    // Bed 1 was measured all the time, bed 2 for one of two days, bed 3 never.
    changes: [...changes(1, 'commissioning', START), ...changes(2, 'commissioning', START), ...changes(2, 'empty', START + DAY), ...changes(3, 'empty', START)],
    isCut: false,
  }, time)

  it('is counted by bed and by day of those beds at which something could be looked at', () => {
    expect(figures).toMatchObject({ beds: 3, bedDays: 3, alerts: 4, perBedDay: 4 / 3, shortShare: 2 / 3 })
    expect(figures.perBed).toEqual([
      { bed: 'bed-1', label: '1', alerts: 3, high: 2, bedDays: 2, perBedDay: 1.5 },
      { bed: 'bed-2', label: '2', alerts: 1, high: 0, bedDays: 1, perBedDay: 1 },
      { bed: 'bed-3', label: '3', alerts: 0, high: 0, bedDays: 0, perBedDay: 0 },
    ])
    expect(figures.perDay.map(({ alerts, high, medium, low }) => [alerts, high, medium, low])).toEqual([[2, 1, 1, 0], [2, 1, 0, 1]])
  })

  it('is told by rule, with how long half of them lasted, and who says most', () => {
    expect(figures.rules[0]).toEqual({ condition: 'threshold/spo2-low', words: 'SpO₂ low', priority: 'high', alerts: 2, perBedDay: 2 / 3, medianSeconds: 5, shortShare: 0.5 })
    expect(figures.offenders[0]).toEqual({ label: '1', condition: 'threshold/spo2-low', words: 'SpO₂ low', alerts: 2 })
    expect(['silence/device', 'technical/spo2-off', 'pews/deterioration'].map(conditionWords)).toEqual(['Monitor silent', 'SpO₂ without a value', 'PEWS'])
  })

  it('names so many offenders and no more', () => {
    const spans = Array.from({ length: houseLimits.commissioningOffendersMax + 1 }, (_, place) => span(1, `rule-${place}`, { from: START + 1_000, forMs: 5_000 }))
    expect(commissioningOf(BEDS, { spans, changes: [], isCut: false }, time).offenders).toHaveLength(houseLimits.commissioningOffendersMax)
  })

  it('is a page that a ward manager can read, and nothing in it is a script or a name of the network', () => {
    const html = commissioningHtml({ ...figures, offenders: [{ label: '<b>', condition: 'threshold/spo2-low', words: 'SpO₂ low', alerts: 2 }] }, 'Ward <4>')
    expect(html).toContain('SpO₂ low')
    expect(html).toContain('Ward &lt;4&gt;')
    expect(html).not.toMatch(/<script|https?:|<b>&|<4>/)
    expect(html).toContain('The monitor at the bedside stays the primary alarm')
  })

  it('looks back to where commissioning began, or as far as is asked, and never further than is kept in sight', () => {
    const now = wallMs(START + 100 * DAY)
    expect(timeOf(now, { days: null, since: wallMs(START + 95 * DAY) })).toEqual({ from: START + 95 * DAY, to: now })
    expect(timeOf(now, { days: 2, since: wallMs(START) }).from).toBe(START + 98 * DAY)
    expect(timeOf(now, { days: null, since: null }).from).toBe(START + 93 * DAY)
    expect(timeOf(now, { days: null, since: wallMs(START) }).from).toBe(now - houseLimits.commissioningDaysMax * DAY)
  })
})
