import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import nellcor from '../../drivers/nellcor-ascii/driver.ts'
import { utf8 } from '../../src/codec/bytes.ts'
import { isoOf } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { Frame } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

type Good = Extract<Frame, { kind: 'good' }>
const framesIn = (text: string, zone = 'UTC'): Frame[] => framesOf(nellcor.open({ zone }), [utf8(text)])
const goodsIn = (text: string): Good[] => framesIn(text).filter((frame): frame is Good => frame.kind === 'good')

/** In the columns of an N-560; a star where the number has one. */
function line(spo2: string, pulse: string, status = '', { time = '08:00:00', date = '14-Mar-19', amplitude = '40' } = {}): string {
  const column = (text: string): string => `${text.replace('*', '').padStart(3)}${text.endsWith('*') ? '*' : ' '}`
  return `${date} ${time}   ${column(spo2)}    ${column(pulse)}    ${amplitude.padStart(3)}    ${status.padEnd(18)}`
}
const HEADING = 'N-560    VERSION 1.56.00    CRC:XXXX  SpO2 Limit: 90-100%    PR Limit: 60-170BPM'
const said = ({ readings }: Good): (number | string)[] =>
  readings.map(({ measurement }) => (measurement.kind === 'measured' ? measurement.value : measurement.reason))
const valuesIn = (text: string): (number | string)[][] => goodsIn(`${text}\r\n`).map(said)
const alarmsIn = (...lines: readonly string[]): string[] =>
  goodsIn(`${lines.join('\r\n')}\r\n`).map(({ alarms }) =>
    alarms.map(({ phase, text, inactivation }) => [phase, text, ...inactivation].join(' ')).join('; '),
  )

describe('the examples of the manuals', () => {
  const LIMITS = 'N-395 VERSION 2.0.0.0 CRC: XXXX SpO2 Limit: 70-100% PR Limit: 60-160BPM'
  const HEADINGS = [LIMITS, 'ADULT nSAT-S SPO2 RESP MODE: NORMAL', 'TIME %SpO2 BPM PA Status']

  it('are a page: three headings, then a line', () => {
    const frames = framesIn(`${HEADINGS.join('\r\n')}\r\n12-NOV-98 14:00:05 100 120 50\r\n`)
    const at = Date.UTC(1998, 10, 12, 14, 0, 5)
    const kinds = frames.map((frame) => (frame.kind === 'skipped' ? frame.why : frame.kind))
    expect(kinds).toEqual(['a heading with alarm limits', 'a heading', 'the names of the columns', 'good'])
    expect(frames[3]).toMatchObject({
      sentAt: at,
      readings: [
        { metric: { id: 'MDC_PULS_OXIM_SAT_O2' }, measurement: { kind: 'measured', value: 100 }, deviceAt: at, flags: ['zone-assumed'] },
        { metric: { id: 'MDC_PULS_OXIM_PULS_RATE' }, measurement: { kind: 'measured', value: 120 } },
      ],
      faults: [],
      leftOut: [{ at: 'PA' }],
    })
  })

  it.each([
    'NEO 0SAT-S SPO2 RESP MODE: FAST', 'NPB-595   Interactive Mode', '    1) Dump Instrument Info', '    Command?', 'NPB-595 VERSION 1.0.0.1 INFO CRC:12AB SEC:1 2',
  ])('%s is passed by', (text) => expect(framesIn(`${HEADING}\r\n${text}\r\n`)[1]).toMatchObject({ kind: 'skipped' }))
})

describe('values', () => {
  it.each([
    ['SD', 'probe-off'],
    ['SO', 'probe-off'],
    ['PS', 'device-invalid'],
    ['LP', 'device-invalid'],
    ['LM', 'device-invalid'],
    ['PS SO', 'probe-off'],
    ['MO PS', 'device-invalid'],
  ])('with status %s are absent (%s), also where a number, a zero or the last value is printed', (status, reason) => {
    const printed = [['98', '64'], ['0', '0'], ['---', '---'], ['88*', '64']] as const
    for (const [spo2, pulse] of printed) expect(valuesIn(line(spo2, pulse, status))).toEqual([[reason, reason]])
  })

  it('amid motion are questionable; dashes amid motion are not silence', () => {
    const [moving, lost] = goodsIn(`${line('97', '72', 'MO')}\r\n${line('---', '---', 'MO')}\r\n`)
    expect([moving && said(moving), moving?.readings[0]?.flags]).toEqual([[97, 72], ['questionable', 'zone-assumed']])
    expect(lost && said(lost)).toEqual(['device-invalid', 'device-invalid'])
  })

  it('are not measured where dashes say so, and out of range where nothing can be so', () => {
    expect(valuesIn([line('---', '---'), line('0', '0'), line('19', '301'), line('20', '300'), line('101', '19')].join('\r\n'))).toEqual([
      ['not-measured', 'not-measured'], ['out-of-range', 'out-of-range'], ['out-of-range', 'out-of-range'], [20, 300], ['out-of-range', 'out-of-range'],
    ])
  })

  it('with a status that nobody knows are questionable, and the status is a fault', () => {
    const flags = ['questionable', 'zone-assumed']
    expect(goodsIn(`${line('97', '72', 'BU')}\r\n`)).toMatchObject([{ faults: [{ why: 'an unknown status', at: 'BU' }], readings: [{ flags }, { flags }] }])
  })

  it('of another form are faults', () => {
    expect(goodsIn(`${line('9x7', '72')}\r\n`)).toMatchObject([{ faults: [{ at: '%SpO2' }], readings: [{ metric: { id: 'MDC_PULS_OXIM_PULS_RATE' } }] }])
  })
})

describe('time', () => {
  it('is the device clock in the zone of the setting', () => {
    const at = (zone: string): string => {
      const [frame] = framesIn(`${line('97', '72')}\r\n`, zone)
      return frame?.kind === 'good' && frame.sentAt !== null ? isoOf(frame.sentAt) : 'none'
    }
    expect([at('UTC'), at('America/New_York'), at('+05:30')]).toEqual(['2019-03-14T08:00:00.000Z', '2019-03-14T12:00:00.000Z', '2019-03-14T02:30:00.000Z'])
  })

  it.each(['31-Feb-19', '00-Mar-19', '14-Mrz-19', '32-Jan-19'])('%s is no day, and its line is not believed', (date) => {
    expect(framesIn(`${HEADING}\r\n${line('97', '72', '', { date })}\r\n`)[1]).toMatchObject({ kind: 'quarantined', why: 'a time that cannot be' })
  })

  it.each(['24:00:00', '08:60:00', '08:00:60'])('%s is no time', (time) => {
    expect(framesIn(`${HEADING}\r\n${line('97', '72', '', { time })}\r\n`)[1]).toMatchObject({ kind: 'quarantined' })
  })

  it('of the trend memory is long past: history, no time of sending, no alarms', () => {
    const TREND = 'NPB-290 VERSION 1.0.0.1 TREND SpO2 Limit: 30-100% PR Limit: 100-180BPM'
    const low = line('88*', '72', 'SL')
    const page = [TREND, low, low, low, 'Output Complete', low, 'TIME %SPO2 BPM PA', low, HEADING, low, low]
    const frames = goodsIn(`${page.join('\r\n')}\r\n`)
    expect(frames.map(({ sentAt, readings, alarms }) => [sentAt === null, readings[0]?.flags.includes('history'), alarms.length])).toEqual([
      [true, true, 0], [true, true, 0], [true, true, 0], [false, false, 0], [true, true, 0], [false, false, 0], [false, false, 1],
    ])
  })
})

describe('alarms', () => {
  it('begin, are silenced and end when two lines in a row say so', () => {
    const [low, silent, fine] = [line('88*', '72', 'SL'), line('88*', '72', 'SL       AS'), line('93', '72')]
    expect(alarmsIn(HEADING, fine, low, low, low, silent, silent, fine, fine, fine)).toEqual([
      '', '', 'start SpO2 low (limit 90)', '', '', 'update SpO2 low (limit 90) audio-paused', '', 'end SpO2 low (limit 90) audio-paused', '',
    ])
  })

  it('say whether their sound is off, also where nothing alarms, and nothing where a status cannot be read', () => {
    const lines = [line('97', '72'), line('97', '72', 'AO'), line('88*', '72', 'SL       AS'), line('97', '72', 'QL')]
    expect(goodsIn(`${lines.join('\r\n')}\r\n`).map(({ quiet }) => quiet)).toEqual([[], ['audio-off'], ['audio-paused'], undefined])
  })

  it('do not begin or end with one line that says otherwise', () => {
    const [low, high, fine] = [line('88*', '72', 'SL'), line('88*', '72', 'SH'), line('93', '72')]
    expect(alarmsIn(fine, low, fine, low, low, high, low, fine, low)).toEqual(['', '', '', '', 'start SpO2 low', '', '', '', ''])
  })

  it.each([
    ['SH', 'start SpO2 high (limit 100)', 'MDC_EVT_HI_VAL_GT_LIM', 'MDC_PULS_OXIM_SAT_O2', 'medium', 'physiological'],
    ['SL', 'start SpO2 low (limit 90)', 'MDC_EVT_LO_VAL_LT_LIM', 'MDC_PULS_OXIM_SAT_O2', 'medium', 'physiological'],
    ['PH', 'start Pulse rate high (limit 170)', 'MDC_EVT_HI_VAL_GT_LIM', 'MDC_PULS_OXIM_PULS_RATE', 'medium', 'physiological'],
    ['PL', 'start Pulse rate low (limit 60)', 'MDC_EVT_LO_VAL_LT_LIM', 'MDC_PULS_OXIM_PULS_RATE', 'medium', 'physiological'],
    ['LP', 'start Loss of pulse', 'nellcor:LP', 'MDC_PULS_OXIM_PULS_RATE', 'high', 'physiological'],
    ['LM', 'start Loss of pulse with motion', 'nellcor:LM', 'MDC_PULS_OXIM_PULS_RATE', 'high', 'physiological'],
    ['LB', 'start Low battery', 'nellcor:LB', '', 'low', 'technical'],
  ])('%s: %s', (status, text, code, source, priority, type) => {
    const lines = [HEADING, line('93', '72', status), line('93', '72', status)]
    expect(alarmsIn(...lines)).toEqual(['', text])
    const alarm = { id: `nellcor:${status}`, code, source, priority, type, state: 'active', flags: ['zone-assumed'] }
    expect(goodsIn(`${lines.join('\r\n')}\r\n`)[1]?.alarms).toMatchObject([alarm])
  })

  it('of a star say that a limit is passed where the status does not say which', () => {
    const both = line('88*', '172*', 'AO')
    expect(alarmsIn(both, both)).toEqual(['', 'start SpO2 outside its limits audio-off; start Pulse rate outside its limits audio-off'])
    expect(alarmsIn(line('88*', '172*', 'SL PH'), line('88*', '172*', 'SL PH'))).toEqual(['', 'start SpO2 low; start Pulse rate high'])
  })

  it('follow the limits of the newest heading', () => {
    const low = line('82*', '72', 'SL')
    const lowered = HEADING.replace('90-100', '85-100')
    expect(alarmsIn(HEADING, low, low, lowered, low, low)).toEqual(['', 'start SpO2 low (limit 90)', '', 'update SpO2 low (limit 85)'])
  })

  it('are as they were while a status cannot be read', () => {
    const low = line('88*', '72', 'SL')
    expect(alarmsIn(low, low, line('88*', '72', 'QL'), line('88*', '72', 'QL'), low)).toEqual(['', 'start SpO2 low', '', '', ''])
  })
})

describe('lines', () => {
  it('begun before we listened are passed by, once', () => {
    const tail = line('97', '72').slice(12)
    expect(framesIn(`${tail}\r\n${tail}\r\n${line('97', '72')}\r\n`).map(({ kind }) => kind)).toEqual(['skipped', 'quarantined', 'good'])
  })

  it('that are cut off are bad: their status is missing', () => {
    expect(framesIn(`${HEADING}\r\n${line('97', '72', 'PS').slice(0, 41)}`).map(({ kind }) => kind)).toEqual(['skipped', 'bad'])
  })

  it('as long as is allowed are judged, one byte more is bad', () => {
    const made = (length: number): string => `${HEADING}\r\n${line('97', '72').padEnd(length)}\r\n`
    expect(framesIn(made(driverLimits.asciiLineBytesMax))[1]).toMatchObject({ kind: 'good' })
    expect(framesIn(made(driverLimits.asciiLineBytesMax + 1))[1]).toMatchObject({ kind: 'bad', length: driverLimits.asciiLineBytesMax + 1 })
  })

  it.each([
    ['limits the wrong way round', HEADING.replace('90-100', '100-90'), 'limits that cannot be'],
    ['a limit above 100 %', HEADING.replace('90-100', '90-190'), 'limits that cannot be'],
    ['two columns', '14-Mar-19 08:00:00    97      72', 'fewer columns than %SpO2, BPM and PA'],
    ['half a status', line('97', '72', 'P'), 'a status that is no code of two letters'],
  ])('with %s are quarantined', (_, text, why) => expect(framesIn(`${HEADING}\r\n${text}\r\n`)[1]).toMatchObject({ kind: 'quarantined', why }))

  it('of a model with other columns are believed from the second on', () => {
    const other = (spo2: string, pulse: string): string => `14-MAR-19 08:00:00 ${spo2.padStart(3)}  ${pulse.padStart(3)}   40`
    const lines = [other('97', '72'), other('97', '72'), other('100', '101'), other('97', '7').replace('  7', ' 7'), other('96', '73')]
    expect(valuesIn(lines.join('\r\n'))).toEqual([[97, 72], [100, 101], [96, 73]])
  })

  it('that lost or gained one character give the same value or none', () => {
    const good = line('97', '120', 'MO')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: good.length - 1 }), fc.boolean(), (at, lost) => {
        const damaged = lost ? good.slice(0, at) + good.slice(at + 1) : good.slice(0, at) + (good[at] ?? '') + good.slice(at)
        for (const values of valuesIn(`${good}\r\n${damaged}\r\n${good}`)) expect(values).toEqual([97, 120])
      }),
      { numRuns: 500 },
    )
  })
})
