import { describe, expect, it } from 'vitest'
import { contextOf, effectiveContext, withChange } from '../../src/rules/context.ts'
import { bedRules, bedScores, type BedState } from '../../src/rules/bed.ts'
import type { StayContext } from '../../src/seams.ts'
import { ADULT, brief, contextInput, hold, play, tick, type Values, wallOf } from './fixture.ts'

const HOURS = 3_600
const bedScoresOf = (state: BedState): boolean[] => Object.values(bedScores(state)).map((score) => score !== null)
const nurse = (at: number, until?: number) => ({ by: 'Nurse Kim', at: wallOf(at), ...(until === undefined ? {} : { until: wallOf(until) }) })
const holds = (context: StayContext, at: number): StayContext => effectiveContext(context, wallOf(at)).context

describe('what was said of a stay', () => {
  it('remembers who said each fact and when, and keeps what was said of others', () => {
    const first = withChange(ADULT, { consciousness: 'V', onOxygen: true }, nurse(0))
    const second = withChange(first, { consciousness: 'A' }, { by: 'Nurse Lee', at: wallOf(60) })
    expect(second.said).toEqual({ onOxygen: nurse(0), consciousness: { by: 'Nurse Lee', at: wallOf(60) } })
    expect([second.consciousness, second.onOxygen]).toEqual(['A', true])
  })

  it('a suspicion of infection ends 24 hours after it was said, and begins anew when it is said again', () => {
    const suspected = withChange(ADULT, { infectionSuspected: true }, nurse(0))
    expect([holds(suspected, 24 * HOURS - 1).infectionSuspected, holds(suspected, 24 * HOURS).infectionSuspected]).toEqual([true, false])
    const again = withChange(suspected, { infectionSuspected: true }, nurse(20 * HOURS))
    expect([holds(again, 43 * HOURS).infectionSuspected, holds(again, 44 * HOURS).infectionSuspected]).toEqual([true, false])
  })

  it('oxygen and consciousness are unknown, not normal, twelve hours after', () => {
    const said = withChange(ADULT, { onOxygen: false, consciousness: 'A' }, nurse(0))
    expect(holds(said, 12 * HOURS - 1)).toMatchObject({ onOxygen: false, consciousness: 'A' })
    expect(holds(said, 12 * HOURS)).toMatchObject({ onOxygen: null, consciousness: null })
  })

  it('the second scale of saturation stands until it is changed, or as long as it was meant to', () => {
    const meant = { ...ADULT, spo2Scale: 2, said: { spo2Scale: nurse(0) } } as const
    expect(holds(meant, 1_000 * HOURS).spo2Scale).toBe(2)
    expect(holds({ ...meant, said: { spo2Scale: nurse(0, 60) } }, 60).spo2Scale).toBe(1)
  })

  it('is the very same while it holds, and says when something else will', () => {
    const said = withChange(ADULT, { onOxygen: true, infectionSuspected: true }, nurse(0))
    expect(effectiveContext(said, wallOf(1))).toEqual({ context: said, until: wallOf(12 * HOURS) })
    expect(effectiveContext(said, wallOf(1)).context).toBe(said)
    expect(effectiveContext(said, wallOf(13 * HOURS)).until).toBe(wallOf(24 * HOURS))
    expect(effectiveContext(ADULT, wallOf(0))).toEqual({ context: ADULT, until: Infinity })
  })

  it('ends for the rules without anybody saying so: the sepsis screen asks no more after a day', () => {
    const SICK: Values = { rr: 26, spo2: 93, ecg: 115, nibps: 120, temp: 38.6 }
    const said = withChange(ADULT, { infectionSuspected: true }, nurse(0))
    const { state } = play(bedRules, [tick(0), ...hold(1, 5, SICK)], said)
    expect(state.seen.context.infectionSuspected).toBe(true)
    expect(play(bedRules, [tick(24 * HOURS)], said, state).state.seen.context.infectionSuspected).toBe(false)
    // What a restart takes up from the store has ended as well.
    expect(play(bedRules, [tick(24 * HOURS)], said).state.seen.context.infectionSuspected).toBe(false)
  })
})

describe('the population of a stay', () => {
  const stay = { context: ADULT, identity: { mrn: 'A', name: null, bornOn: '2024-01-01' } }

  it('is by the date of birth, and by what a person said of this patient before that', () => {
    expect(contextOf(stay, wallOf(0)).population).toBe('young-child')
    expect(contextOf({ ...stay, context: withChange(ADULT, { population: 'neonate' }, nurse(0)) }, wallOf(0)).population).toBe('neonate')
    expect(contextOf({ ...stay, identity: null }, wallOf(0))).toBe(ADULT)
    expect(contextOf({ ...stay, identity: { mrn: 'A', name: null, bornOn: '1950' } }, wallOf(0))).toBe(ADULT)
  })

  it('decides which limits and which score there are: the same heart rate alarms in a grown patient alone', () => {
    const course = (population: StayContext['population']) => play(bedRules, [contextInput(0, { population }), ...hold(1, 40, { ecg: 135, rr: 30, spo2: 98 })])
    expect(brief(course('adult').heard, 'threshold/hr-high')).toEqual(['11 present medium'])
    expect(brief(course('young-child').heard, 'threshold/hr-high')).toEqual([])
    expect(bedScoresOf(course('adult').state)).toEqual([true, false])
    expect(bedScoresOf(course('infant').state)).toEqual([false, true])
    expect(bedScoresOf(course('pregnant').state)).toEqual([false, false])
    expect(bedScoresOf(course('paediatric').state)).toEqual([false, false])
  })
})
