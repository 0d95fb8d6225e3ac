import { describe, expect, it } from 'vitest'
import { bedRules, bedScores } from '../../src/rules/bed.ts'
import { PEWS_CONDITION, pews } from '../../src/rules/pews.ts'
import { DEFAULT_SETTINGS, ruleOf } from '../../src/rules/watcher.ts'
import type { StayContext } from '../../src/seams.ts'
import { ADULT, becauseOf, brief, contextInput, hold, play, texts, ticks, type Values } from './fixture.ts'

const rule = ruleOf(pews)
const CHILD: StayContext = { ...ADULT, population: 'child' }
const WELL: Values = { rr: 22, spo2: 98, ecg: 100, nibps: 100 }
/** RR 4, HR 2 and SpO₂ 1 on the chart of 5 to 12 years: 7 at least. */
const ILL: Values = { rr: 50, spo2: 93, ecg: 150, nibps: 100 }
/** RR 4, HR 4, SpO₂ 4, SBP 2. */
const WORST: Values = { rr: 55, spo2: 88, ecg: 170, nibps: 75 }

describe('the PEWS of a child', () => {
  it('calls after a minute from 5 on, says the response of the chart and what is missing', () => {
    const { heard } = play(rule, hold(0, 80, ILL), CHILD)
    expect(brief(heard, PEWS_CONDITION)[0]).toMatch(/^6\d present medium$/)
    expect(texts(heard, PEWS_CONDITION)[0]).toMatch(/^PEWS at least 7 \(7 to \d+; .*respiratoryDistress.* not known\) \(5 to 12 years\): medical review within 30 min$/)
    expect(becauseOf(heard, PEWS_CONDITION)).toMatchObject({ rule: 'pews', limit: { setBy: 'National PEWS England 2023' } })
  })

  it('rises with the score, and ends when it is well again', () => {
    const { heard } = play(rule, [...hold(0, 90, ILL), ...hold(90, 500, WORST), ...hold(500, 1_000, WELL)], CHILD)
    const priorities = brief(heard, PEWS_CONDITION).map((line) => line.replace(/^\d+ /, ''))
    expect(priorities).toContain('present high')
    expect(priorities.at(-1)).toBe('cleared')
  })

  it('is not made for adults, in pregnancy, or where the age is not known', () => {
    for (const population of ['adult', 'pregnant', 'paediatric'] as const) expect(play(rule, hold(0, 200, WORST), { ...ADULT, population }).heard).toEqual([])
  })

  it('is judged by the chart of the age: what is well in an infant is ill at 14', () => {
    const fast: Values = { rr: 48, ecg: 149, spo2: 98, nibps: 85 }
    expect(play(rule, hold(0, 200, fast), { ...ADULT, population: 'infant' }).heard).toEqual([])
    expect(brief(play(rule, hold(0, 200, fast), { ...ADULT, population: 'adolescent' }).heard, PEWS_CONDITION)[0]).toMatch(/present (medium|high)/)
  })

  it('stays, and says so, when the data go away, and ends with the population', () => {
    const gone = play(rule, [...hold(0, 90, ILL), ...ticks(90, 1_000)], CHILD).heard
    expect(brief(gone, PEWS_CONDITION).at(-1)).toMatch(/lost$/)
    const grown = play(rule, [...hold(0, 90, ILL), contextInput(90, { population: 'adult' })], CHILD).heard
    expect(brief(grown, PEWS_CONDITION).at(-1)).toBe('90 cleared')
  })

  it('is shown instead of NEWS2', () => {
    const scores = bedScores(play(bedRules, hold(0, 10, ILL), CHILD).state)
    expect(scores.news2).toBeNull()
    expect(scores.pews).toMatchObject({ min: 7, complete: false, parts: { rr: 4, pulse: 2, spo2: 1, sbp: 0 } })
  })

  it('that was open before a restart waits for its inputs before it ends', () => {
    const because = becauseOf(play(rule, hold(0, 80, ILL), CHILD).heard, PEWS_CONDITION)
    if (because === undefined) throw new Error('no alert')
    const adopted = { ...rule.start(CHILD), own: pews.adopt(pews.start(CHILD), [{ condition: PEWS_CONDITION, priority: 'medium', because }], DEFAULT_SETTINGS) }
    expect(brief(play(rule, hold(0, 200, { spo2: 98 }), CHILD, adopted).heard, PEWS_CONDITION).filter((line) => line.endsWith('cleared'))).toEqual([])
    expect(brief(play(rule, hold(0, 400, WELL), CHILD, adopted).heard, PEWS_CONDITION).at(-1)).toMatch(/cleared$/)
  })
})
