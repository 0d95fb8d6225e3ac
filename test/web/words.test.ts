import { describe, expect, test } from 'vitest'
import { ABSENT_REASONS } from '../../src/domain/reading.ts'
import { METRICS } from '../../src/domain/metrics.ts'
import { absentText, bedsideText, bedText, carriedText, demoText, deviceClockText, inputText, mayAct, mayOpenDevices, missingWords, numberText, pendingText, priorityMark, scoreText, soundPausedText, subjectText, troubles, unitText, unseenText, wavesText } from '../../src/web/words.ts'
import { wallMs } from '../../src/domain/time.ts'
import { webLimits } from '../../src/limits.ts'
import { alert, gateway, T, value } from './fixtures.ts'

describe('numbers', () => {
  test('zero is a number: a monitor in asystole says it', () => {
    expect(numberText(value('HR', { value: { kind: 'measured', value: 0 } }))).toBe('0')
  })

  test('carry the decimals of their metric', () => {
    expect(numberText(value('T', { decimals: 1, value: { kind: 'measured', value: 37 } }))).toBe('37.0')
  })

  test('that are absent are a dash, and every reason for it has a word without code', () => {
    expect(numberText(value('HR', { value: { kind: 'absent', reason: 'lead-off' } }))).toBe('—')
    for (const reason of ABSENT_REASONS) expect(absentText(reason)).toMatch(/^[a-z ]+$/)
  })

  test('have units that people write: no brackets of UCUM are left in any metric', () => {
    for (const { unit } of METRICS) expect(unitText(unit)).not.toMatch(/[[\]{}]|Cel/)
  })
})

describe('scores', () => {
  const score = { total: 5, min: 5, max: 8, complete: false, missing: ['consciousness'], parts: {}, at: 0 }

  test('say their range while something is missing, and one number when nothing is', () => {
    expect(scoreText(score)).toBe('5 to 8')
    expect(scoreText({ ...score, max: 5, complete: true, missing: [] })).toBe('5')
  })

  test('name what is missing when it is little, and how much when it is more', () => {
    expect(missingWords([])).toBe('')
    expect(missingWords(['consciousness', 'oxygen'])).toBe('needs ACVPU, O₂')
    expect(missingWords(['rr', 'sbp', 'oxygen'])).toBe('3 of 7 missing')
  })
})

describe('names', () => {
  test('of beds get the word when they are a number', () => {
    expect(['7', '12A', 'Bay 3', 'Window'].map(bedText)).toEqual(['Bed 7', 'Bed 12A', 'Bay 3', 'Window'])
  })

  test('of alerts without a bed are the monitor or the gateway', () => {
    expect(subjectText(alert('a'))).toBe('Bed 7')
    expect(subjectText(alert('a', { bed: null, bedLabel: null }))).toBe('Gateway')
  })

  test('of inputs are words; a metric id takes the label that the bed shows for it', () => {
    expect(inputText('consciousness', [])).toBe('consciousness')
    expect(inputText('MDC_X', [value('MDC_X', { label: 'X rate' })])).toBe('X rate')
    expect(inputText('something', [])).toBe('something')
  })

  test('of waveforms are their channels and how much is kept, in seconds while it is little', () => {
    expect([wavesText({ channels: 0, seconds: 0 }), wavesText({ channels: 1, seconds: 59 }), wavesText({ channels: 4, seconds: 1_800 })]).toEqual(['none', '1 × 59 s', '4 × 30 min'])
  })

  test('of priorities can be told apart without colour', () => {
    expect(new Set(['high', 'medium', 'low'].map((priority) => priorityMark(priority as 'high'))).size).toBe(3)
  })
})

describe('what is quiet', () => {
  test('a limit in its delay says when it would be an alert', () => {
    const pending = { id: 'a', text: 'SpO₂ 84 % below 90', priority: 'medium', onsetAt: T, dueAt: T + 15_000 } as const
    expect(pendingText(pending, { reception: 'receiving', server: T + 6_400 })).toBe('SpO₂ 84 % below 90, alert in 9 s')
    expect(pendingText(pending, { reception: 'receiving', server: T + 20_000 })).toBe('SpO₂ 84 % below 90, alert in 0 s')
    expect(pendingText(pending, { reception: 'receiving', server: null })).toBe('SpO₂ 84 % below 90')
    // A gateway that is dead raises nothing.
    expect(pendingText(pending, { reception: 'silent', server: T + 6_400 })).toBe('SpO₂ 84 % below 90')
  })

  test('silencing at the bedside is said with its time, and when it quiets nothing here any more', () => {
    expect(bedsideText({ how: 'audio-paused', at: wallMs(T) }, T)).toMatch(/^Monitor silenced at the bedside \d\d:\d\d$/)
    expect(bedsideText({ how: 'alert-acknowledged', at: wallMs(T), isOver: true }, T)).toMatch(/^Monitor acknowledged at the bedside \d\d:\d\d, long ago: it sounds here again$/)
  })
})

describe('a row says', () => {
  const row = (...[head, ...others]: readonly [ReturnType<typeof alert>, ...ReturnType<typeof alert>[]]) => ({ head, others, carried: [] })
  const latched = alert('a', { state: 'latched', unseenHigh: true })

  test('that it is over, that it was graver than it is, and nothing of either where neither is so', () => {
    expect(unseenText(row(latched))).toBe('The condition is over. It stays here until somebody acknowledges it.')
    expect(unseenText(row({ ...latched, priority: 'medium' }))).toMatch(/^It was of high priority.* The condition is over/)
    expect(unseenText(row(alert('a', { priority: 'medium', unseenHigh: true })))).toBe('It was of high priority, and nobody has acknowledged that.')
    expect([unseenText(row(alert('a', { unseenHigh: true }))), unseenText(row(latched, alert('b')))]).toEqual(['', ''])
  })

  test('that its sound is paused, by whom and until when, and not while anything in it sounds', () => {
    const paused = { audioPaused: { by: 'anna', until: wallMs(T) } }
    expect(soundPausedText(row(alert('a', paused)))).toMatch(/^Sound paused by anna until \d\d:\d\d:\d\d$/)
    expect([soundPausedText(row(alert('a'))), soundPausedText(row(alert('a', paused), alert('b')))]).toEqual(['', ''])
  })
})

describe('what the screen says of itself', () => {
  test('a demo says so, and how fast it runs unless it runs like the world', () => {
    expect(demoText(1)).toBe('DEMO — simulated patients, not for clinical use')
    expect(demoText(60)).toContain('60 times')
  })

  test('a gateway without trouble says nothing', () => {
    expect(troubles(gateway)).toEqual([])
  })

  test('a failing disk is told with what still works', () => {
    const notes = troubles({ ...gateway, store: { kind: 'failing', why: 'disk full' }, sync: { kind: 'behind', lagRows: 12, why: '' } })
    expect(notes).toEqual(['Values are not being saved (disk full). Alerts still work.', 'Central is 12 rows behind. Nothing is lost.'])
  })

  test('only nurses act, and only the others open devices', () => {
    const roles = ['nurse', 'biomed', 'admin'] as const
    expect(roles.map(mayAct)).toEqual([true, false, false])
    expect(mayAct(undefined)).toBe(false)
    expect(roles.map(mayOpenDevices)).toEqual([false, true, true])
  })
})

describe('the clock of a device', () => {
  const clock = { offsetMs: 300, boundMs: 900, driftMsPerHour: 20, epoch: 1, lastStep: null }
  test('is right within what is known of it', () => expect(deviceClockText(clock, T)).toBe('right'))
  test('is said with its drift and its last step', () => {
    expect(deviceClockText({ offsetMs: -1_440_000, boundMs: 900, driftMsPerHour: -360, epoch: 2, lastStep: { at: T - 180_000, byMs: -3_600_000 } }, T))
      .toBe('24 min behind; loses 9 s a day; set back by 1 h, 3 min ago')
  })
  test('is not known before enough was heard', () => expect(deviceClockText(null, T)).toBe('not known'))
})

test('of what a row carries the first few are named, and the rest are counted', () => {
  const texts = Array.from({ length: webLimits.carriedNamedMax + 1 }, (_, index) => ({ text: `no ${index + 1}` }))
  expect(carriedText(texts.slice(0, -1))).toBe('no 1 · no 2 · no 3 · no 4')
  expect(carriedText(texts)).toBe('no 1 · no 2 · no 3 · no 4 · and 1 more')
})
