import { expect, it } from 'vitest'
import { UNWATCHED } from '../../src/domain/watch.ts'
import { WATCHED } from '../../src/rules/armed.ts'
import { handoverText, ruleText, spanText, unwatchedText } from '../../src/web/handover.ts'

const bed = (label: string, unwatchedSeconds: number, why: (typeof UNWATCHED)[number] = 'no-data') =>
  ({ bed: label, label, watchedSeconds: 28_800 - unwatchedSeconds, unwatchedSeconds, reasons: unwatchedSeconds === 0 ? [] : [{ why, seconds: unwatchedSeconds }], rules: [] })
const view = (...beds: ReturnType<typeof bed>[]) => ({ from: 0, to: 28_800_000, beds, isCut: false })

it('names the bed that was longest unwatched, and leaves beds without a patient alone', () => {
  expect(handoverText(view(bed('6', 120), bed('7', 43 * 60), bed('8', 28_800, 'empty')))).toBe('Bed 7 unwatched for 43 min and 1 more')
  // Empty for seven hours, and then two minutes that somebody lay there unwatched.
  const filled = { ...bed('9', 25_320, 'empty'), reasons: [{ why: 'empty' as const, seconds: 25_200 }, { why: 'no-data' as const, seconds: 120 }] }
  expect(handoverText(view(filled, bed('7', 43 * 60)))).toBe('Bed 7 unwatched for 43 min and 1 more')
  expect(handoverText(view(bed('8', 28_800, 'empty'), bed('9', 20)))).toBe('every bed with a patient was watched')
})

it('says times as people do', () => {
  expect([0.2, 59, 60, 2_580, 7_500].map(spanText)).toEqual(['1 s', '59 s', '1 min', '43 min', '2 h 05 min'])
})

it('has words for each rule and each reason', () => {
  expect(new Set(UNWATCHED.map(unwatchedText)).size).toBe(UNWATCHED.length)
  for (const rule of WATCHED) expect(ruleText(rule)).not.toContain('/')
})
