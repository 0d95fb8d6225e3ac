import { describe, expect, it } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import { silentMetric } from '../../src/rules/silent-metric.ts'
import { DEFAULT_SETTINGS, type RuleSettings, ruleOf } from '../../src/rules/watcher.ts'
import { brief, hold, play, snapshot, texts, tick, values } from './fixture.ts'

const rule = ruleOf(silentMetric)
const ECG = 'silence/MDC_ECG_HEART_RATE'
const NIBP = 'silence/MDC_PRESS_BLD_NONINV_SYS'
const withContract = (everyS: number): RuleSettings => ({
  ...DEFAULT_SETTINGS, contracts: new Map([[deviceId('monitor-1'), { everyMs: everyS * 1_000, metrics: { MDC_PRESS_BLD_NONINV_SYS: { everyMs: 600_000 } } }]]),
})

describe('one metric of a device that stops coming', () => {
  it('is said low while another sensor gives the variable, and ends when it comes again', () => {
    const { heard } = play(rule, [...hold(0, 5, { ecg: 70, pulse: 71 }), ...hold(5, 300, { pulse: 71 }), ...hold(300, 301, { ecg: 70, pulse: 71 })])
    // Two intervals of a minute, and a minute more.
    expect(brief(heard, ECG)).toEqual(['185 present low', '300 cleared'])
    expect(texts(heard, ECG)).toEqual(['HR of monitor-1: no value for 3 min; HR is read from PR'])
  })

  it('is judged by the interval that its device promises', () => {
    const soon = play(ruleOf(silentMetric, withContract(5)), [...hold(0, 5, { ecg: 70, pulse: 71 }), ...hold(5, 100, { pulse: 71 })])
    expect(brief(soon.heard, ECG)).toEqual(['75 present low'])
    const late = play(ruleOf(silentMetric, withContract(600)), [...hold(0, 5, { ecg: 70, pulse: 71 }), ...hold(5, 600, { pulse: 71 })])
    expect(late.heard).toEqual([])
  })

  it('of an episodic metric is said where its contract promises one', () => {
    const course = [...hold(0, 1, { nibps: 120, ecg: 70 }), ...hold(1, 1_300, { ecg: 70 })]
    expect(play(rule, course).heard).toEqual([])
    const { heard } = play(ruleOf(silentMetric, withContract(60)), course)
    expect(brief(heard, NIBP)).toEqual(['1261 present low'])
    expect(texts(heard, NIBP)).toEqual(['NIBP s of monitor-1: no value for 21 min, one every 10 min was agreed'])
  })

  it('is not said of a sensor that was taken off before it stopped', () => {
    expect(play(rule, [...hold(0, 5, { ecg: 70, pulse: 71 }), ...hold(5, 8, { ecg: 70, pulse: 'probe-off' }), ...hold(8, 300, { ecg: 70 })]).heard).toEqual([])
  })

  it('is not said when nothing gives the variable any more, for that is said by another rule', () => {
    expect(play(rule, [...hold(0, 5, { spo2: 97, ecg: 70 }), ...hold(5, 400, { ecg: 70 })]).heard).toEqual([])
  })

  it('is not said of a device that is silent as a whole', () => {
    const both = [...hold(0, 5, { ecg: 70 }), values(5, { ecg: 70 })]
    const other = Array.from({ length: 400 }, (_, at) => [snapshot(6 + at, [{ sensor: 'pulse', value: 71 }], 'oximeter'), tick(6 + at)]).flat()
    expect(play(rule, [...both, ...other]).heard).toEqual([])
  })

  it('is told for half an hour: a sensor that was taken away is not missed for ever', () => {
    const { heard } = play(rule, [...hold(0, 5, { ecg: 70, pulse: 71 }), ...hold(5, 2_100, { pulse: 71 })])
    expect(brief(heard, ECG)).toEqual(['185 present low', '1985 cleared'])
  })
})
