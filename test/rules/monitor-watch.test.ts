import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AlarmInactivation, ALARM_INACTIVATIONS } from '../../src/domain/reading.ts'
import { ruleLimits } from '../../src/limits.ts'
import { ALARMS_OFF_CONDITION, adoptAlarms, hearAlarms, type MonitorWatchState, type SaidOfAlarms, tickAlarms, WATCHED } from '../../src/rules/monitor-watch.ts'
import type { Signal } from '../../src/seams.ts'
import { monoOf, wallOf } from './fixture.ts'

const now = (seconds: number) => ({ at: monoOf(seconds), wall: wallOf(seconds) })
const whole = (...how: AlarmInactivation[]): SaidOfAlarms => ({ whole: how, alarms: [] })
const alarm = (id: string, inactivation: readonly AlarmInactivation[] | null): SaidOfAlarms => ({ alarms: [{ id, inactivation }] })

/** What is said at which second; between them time passes each second. */
function course(said: Readonly<Record<number, SaidOfAlarms>>, until: number, from: MonitorWatchState = WATCHED): { readonly lines: string[]; readonly state: MonitorWatchState } {
  let state = from
  const lines: string[] = []
  const note = (second: number, signals: readonly Signal[]): void => {
    for (const signal of signals) lines.push(signal.kind === 'present' ? `${second} ${signal.priority} ${signal.text}` : `${second} ${signal.kind}`)
  }
  for (let second = 0; second < until; second++) {
    const heard = said[second]
    for (const verdict of [heard === undefined ? null : hearAlarms(state, heard, now(second))]) {
      if (verdict === null) continue
      state = verdict.state
      note(second, verdict.signals)
    }
    const ticked = tickAlarms(state, 'icu-7', now(second))
    state = ticked.state
    note(second, ticked.signals)
  }
  return { lines, state }
}

describe('a monitor whose alarms are off', () => {
  it('is told after three minutes, louder after ten, with the minutes, and ends when they are on', () => {
    expect(course({ 0: whole('alarm-off'), 1_400: whole() }, 1_500).lines).toEqual([
      '180 low Monitor alarms off for 3 min: look at icu-7',
      '480 low Monitor alarms off for 8 min: look at icu-7',
      '600 medium Monitor alarms off for 10 min: look at icu-7',
      '900 medium Monitor alarms off for 15 min: look at icu-7',
      '1200 medium Monitor alarms off for 20 min: look at icu-7',
      '1400 cleared',
    ])
  })

  it('for a usual pause is not told, and the next pause begins anew', () => {
    expect(course({ 0: whole('audio-paused'), 120: whole(), 130: whole('audio-paused'), 250: whole() }, 400).lines).toEqual([])
  })

  it('is one stretch, whatever it is called meanwhile, named by the gravest', () => {
    expect(course({ 0: whole('audio-paused'), 100: whole('alarm-paused', 'audio-off') }, 181).lines).toEqual(['180 low Monitor alarms paused for 3 min: look at icu-7'])
  })

  it('is known from one of its alarms alone, and ends with that alarm', () => {
    const { lines, state } = course({ 0: alarm('a', ['alarm-off']), 1: alarm('b', []), 200: alarm('a', null) }, 300)
    expect(lines).toEqual(['180 low Monitor alarms off for 3 min: look at icu-7', '200 cleared'])
    expect(state).toEqual(WATCHED)
  })

  it('is not an alarm that somebody at the bedside has seen and silenced', () => {
    expect(course({ 0: alarm('a', ['audio-off', 'alert-acknowledged']) }, 400).lines).toEqual([])
    expect(course({ 0: alarm('a', ['alarm-off', 'alert-acknowledged']) }, 181).lines).toHaveLength(1)
  })

  it('goes on counting after a restart of the gateway once the monitor says it again', () => {
    const because = { rule: 'monitor-watch', version: '1', inputs: [{ name: 'alarms of the monitor', value: 'alarm-off', unit: '', at: wallOf(-1_200) }], limit: null, missing: [] }
    const adopted = adoptAlarms(WATCHED, [{ condition: ALARMS_OFF_CONDITION, priority: 'medium', because }], now(0))
    expect(course({ 10: whole('alarm-off') }, 301, adopted).lines).toEqual(['300 medium Monitor alarms off for 25 min: look at icu-7'])
    expect(course({ 10: whole() }, 301, adopted).lines).toEqual(['10 cleared'])
    expect(adoptAlarms(WATCHED, [], now(0))).toBe(WATCHED)
  })

  it('remembers no more alarms than it may', () => {
    const many = Array.from({ length: ruleLimits.quietAlarmsMax + 1 }, (_, index) => ({ id: `a${index}`, inactivation: ['alarm-off'] as const }))
    expect(Object.keys(hearAlarms(WATCHED, { alarms: many }, now(0)).state.alarms)).toHaveLength(ruleLimits.quietAlarmsMax)
  })

  it('clears only what it told, for any course', () => {
    const said = fc.record({ whole: fc.subarray([...ALARM_INACTIVATIONS]), id: fc.constantFrom('a', 'b'), own: fc.option(fc.subarray([...ALARM_INACTIVATIONS]), { nil: null }) })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 2_000 }), said), { maxLength: 12 }), (events) => {
        const script = Object.fromEntries(events.map(([second, { whole: how, id, own }]) => [second, { whole: how, alarms: [{ id, inactivation: own }] }]))
        let isTold = false
        for (const line of course(script, 2_000).lines) {
          expect(isTold || !line.endsWith('cleared')).toBe(true)
          isTold = !line.endsWith('cleared')
        }
      }),
      { numRuns: 30 },
    )
  })
})
