import { describe, expect, it } from 'vitest'
import { DEFAULT_SILENCE, silence, SILENCE_CONDITION, type SilenceState } from '../../src/rules/silence.ts'
import { ADULT, becauseOf, brief, contextInput, hold, play, texts, tick, ticks, values, wallOf } from './fixture.ts'

const rule = silence({ device: 'monitor-1', ...DEFAULT_SILENCE })

describe('a monitor that says nothing', () => {
  it('is told after 10 s, once, and ends with the next frame', () => {
    const { heard } = play(rule, [...hold(0, 5, { ecg: 70 }), ...ticks(5, 60), values(60, { ecg: 70 }), ...ticks(60, 69)])
    expect(brief(heard, SILENCE_CONDITION)).toEqual(['14 present medium', '60 cleared'])
    expect(texts(heard, SILENCE_CONDITION)).toEqual(['No data from monitor-1: look at the monitor'])
    expect(becauseOf(heard, SILENCE_CONDITION)).toMatchObject({ inputs: [{ name: 'last frame', at: wallOf(4) }], limit: { text: 'silent for 10 s' } })
  })

  it('that comes and goes is one alert that says so, not twenty: it ends when its frames have come for a while', () => {
    // Five minutes of a cable that hangs by a thread: three frames, then 12 s of nothing.
    const frames = Array.from({ length: 20 }, (_, loop) => [...hold(loop * 15, loop * 15 + 3, { ecg: 70 }), ...ticks(loop * 15 + 3, loop * 15 + 15)]).flat()
    const { heard } = play(rule, [...frames, ...hold(300, 340, { ecg: 70 })])
    expect(brief(heard, SILENCE_CONDITION).filter((one) => one.endsWith('cleared'))).toEqual(['15 cleared', '315 cleared'])
    expect(texts(heard, SILENCE_CONDITION).slice(-2)).toEqual(['No data from monitor-1: look at the monitor', 'Data from monitor-1 comes and goes: look at its cable or network'])
    // Silent once more, hours later: another one.
    const later = play(rule, [...hold(0, 5, { ecg: 70 }), ...ticks(5, 60), values(60, { ecg: 70 }), ...ticks(61, 200), values(200, { ecg: 70 }), tick(201)])
    expect(brief(later.heard, SILENCE_CONDITION)).toEqual(['14 present medium', '60 cleared', '70 present medium', '200 cleared'])
  })

  it('whose connection is cut again and again is one alert too: each cut is told at once, and the frames that are to last begin anew', () => {
    const because = { rule: 'silence', version: '1', inputs: [], limit: null, missing: [] }
    const cut = (state: SilenceState): SilenceState => rule.adopt(state, [{ condition: SILENCE_CONDITION, priority: 'medium', because }])
    let state = rule.start(ADULT)
    const cleared: string[] = []
    for (let at = 0; at < 120; at += 5) {
      const played = play(rule, hold(at, at + 5, { ecg: 70 }), ADULT, state)
      cleared.push(...brief(played.heard, SILENCE_CONDITION).filter((one) => one.endsWith('cleared')))
      state = cut(played.state)
    }
    expect(cleared).toEqual(['5 cleared'])
  })

  it('that came and went, and then says nothing for a minute, is said to be silent, and calls anew: who acknowledged a loose cable has not seen that', () => {
    const because = { rule: 'silence', version: '1', inputs: [], limit: null, missing: [] }
    const cut = (state: SilenceState): SilenceState => rule.adopt(state, [{ condition: SILENCE_CONDITION, priority: 'medium', because }])
    const wobbling = play(rule, hold(6, 9, { ecg: 70 }), ADULT, cut(play(rule, hold(0, 5, { ecg: 70 }), ADULT, cut(play(rule, hold(-5, 0, { ecg: 70 })).state)).state))
    expect(texts(wobbling.heard, SILENCE_CONDITION)).toEqual(['Data from monitor-1 comes and goes: look at its cable or network'])
    const { heard } = play(rule, ticks(9, 300), ADULT, cut(wobbling.state))
    expect(heard.map(({ at, signal }) => [at, signal.kind === 'present' && [signal.text, signal.again]])).toEqual([[68, ['No data from monitor-1: look at the monitor', true]]])
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
