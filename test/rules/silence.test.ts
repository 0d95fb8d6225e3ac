import { describe, expect, it } from 'vitest'
import { DEFAULT_SILENCE, silence, SILENCE_CONDITION } from '../../src/rules/silence.ts'
import { ADULT, becauseOf, brief, contextInput, hold, play, texts, tick, ticks, values, wallOf } from './fixture.ts'

const rule = silence({ device: 'monitor-1', ...DEFAULT_SILENCE })

describe('a monitor that says nothing', () => {
  it('is told after 10 s, once, and ends with the next frame', () => {
    const { heard } = play(rule, [...hold(0, 5, { ecg: 70 }), ...ticks(5, 60), values(60, { ecg: 70 }), ...ticks(60, 69)])
    expect(brief(heard, SILENCE_CONDITION)).toEqual(['14 present medium', '60 cleared'])
    expect(texts(heard, SILENCE_CONDITION)).toEqual(['No data from monitor-1: look at the monitor'])
    expect(becauseOf(heard, SILENCE_CONDITION)).toMatchObject({ inputs: [{ name: 'last frame', at: wallOf(4) }], limit: { text: 'silent for 10 s' } })
  })

  it('from the start is told as well', () => {
    expect(texts(play(rule, ticks(0, 20)).heard, SILENCE_CONDITION)).toEqual(['No data from monitor-1 since the gateway started: look at the monitor'])
  })

  it('is not silent while it keeps to its own slow interval', () => {
    const slow = silence({ device: 'slow', intervalMs: 60_000, silenceMs: 10_000 })
    const { heard } = play(slow, [values(0, { ecg: 70 }), ...ticks(1, 119), values(119, { ecg: 70 }), ...ticks(120, 250)])
    expect(brief(heard, SILENCE_CONDITION)).toEqual(['239 present medium'])
  })

  it('a frame without a single valid value is a frame', () => {
    expect(play(rule, [...hold(0, 60, { ecg: 'lead-off' })]).heard).toEqual([])
  })

  it('a word of the nurse is no frame', () => {
    expect(brief(play(rule, [tick(0), contextInput(9, {}), tick(10)]).heard, SILENCE_CONDITION)).toEqual(['10 present medium'])
  })

  it('an open alert that was taken over ends with the first frame', () => {
    const because = { rule: 'silence', version: '1', inputs: [], limit: null, missing: [] }
    const adopted = rule.adopt(rule.start(ADULT), [{ condition: SILENCE_CONDITION, priority: 'medium', because }])
    expect(brief(play(rule, [...ticks(0, 30), values(30, { ecg: 70 })], ADULT, adopted).heard, SILENCE_CONDITION)).toEqual(['30 cleared'])
  })
})
