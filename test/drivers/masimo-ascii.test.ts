import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import masimo from '../../drivers/masimo-ascii/driver.ts'
import { utf8 } from '../../src/codec/bytes.ts'
import { isoOf } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { Frame } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

const line = (exceptions: string, values = 'SPO2=097% BPM=080 PI=01.20'): string =>
  `03/17/16 19:20:01 SN=0000093112 ${values} DESAT=-- ALARM=0000 EXC=${exceptions}`
const framesIn = (text: string, zone = 'UTC'): Frame[] => framesOf(masimo.open({ zone }), [utf8(text)])

function readingsOf(text: string): (number | string)[] {
  const [frame] = framesIn(`${text}\r`)
  if (frame?.kind !== 'good') return [frame?.kind ?? 'nothing']
  return frame.readings.map(({ measurement }) => (measurement.kind === 'measured' ? measurement.value : measurement.reason))
}
const flagsOf = (text: string): readonly string[] => framesIn(`${text}\r`).flatMap((frame) => (frame.kind === 'good' ? (frame.readings[0]?.flags ?? []) : []))

describe('values', () => {
  it('are those of SpO2, pulse and perfusion; what has no metric is passed by', () => {
    const [frame] = framesIn(`${line('000000')}\r`)
    expect(frame?.kind === 'good' && frame.readings.map(({ metric, measurement, channel }) => [metric.id, measurement, channel])).toEqual([
      ['MDC_PULS_OXIM_SAT_O2', { kind: 'measured', value: 97 }, ''],
      ['MDC_PULS_OXIM_PULS_RATE', { kind: 'measured', value: 80 }, ''],
      ['MDC_BLD_PERF_INDEX', { kind: 'measured', value: 1.2 }, ''],
    ])
  })

  it.each([
    ['000001', 'probe-off'],
    ['000020', 'probe-off'],
    ['000820', 'probe-off'],
    ['000002', 'device-invalid'],
    ['000008', 'device-invalid'],
    ['000080', 'device-invalid'],
    ['000021', 'probe-off'],
    ['000028', 'probe-off'],
  ])('with EXC=%s are absent (%s), also where a number or a zero is printed', (exceptions, reason) => {
    for (const values of ['SPO2=097% BPM=080 PI=01.20', 'SPO2=000% BPM=000 PI=00.00', 'SPO2=---% BPM=--- PI=--.--%']) {
      expect(readingsOf(line(exceptions, values))).toEqual([reason, reason, reason])
    }
  })

  it.each([
    ['000010', 'device-invalid'],
    ['000040', 'device-invalid'],
    ['000000', 'not-measured'],
    ['000800', 'not-measured'],
    ['000400', 'not-measured'],
  ])('that are dashes with EXC=%s are absent (%s)', (exceptions, reason) => expect(readingsOf(line(exceptions, 'SPO2=---% BPM=---'))).toEqual([reason, reason]))

  it.each([
    ['000400', ['low-signal', 'zone-assumed']],
    ['000004', ['low-signal', 'zone-assumed']],
    ['0000C00', ['low-signal', 'zone-assumed']],
    ['000010', ['questionable', 'zone-assumed']],
    ['000040', ['questionable', 'zone-assumed']],
    ['000450', ['questionable', 'low-signal', 'zone-assumed']],
    ['000800', ['zone-assumed']],
  ])('with EXC=%s are values, marked %j', (exceptions, flags) => {
    expect(readingsOf(line(exceptions))).toEqual([97, 80, 1.2])
    expect(flagsOf(line(exceptions))).toEqual(flags)
  })

  it('of zero without a reason are out of range, not zero', () => {
    expect(readingsOf(line('000000', 'SPO2=000% BPM=000'))).toEqual(['out-of-range', 'out-of-range'])
  })

  it('in trend memory are off the patient where EXC says so', () => {
    expect(readingsOf('09/21/08 09:56:14 SpO2=000 PR=000 PI=00.00 EXC=820:SET SENSOR OFF')).toEqual(['probe-off', 'probe-off', 'probe-off'])
    expect(readingsOf('09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69 EXC=800:SET')).toEqual([97, 69, 4.69])
  })

  const ODD_WIDTHS = ['SPO2=97% BPM=080', 'SPO2=0977% BPM=080', 'SPO2=9x7% BPM=080', 'SPO2=% BPM=080']
  it.each(ODD_WIDTHS)('of another width (%s) are faults: no checksum would tell a lost character', (values) => {
    const [, second] = framesIn(`${line('000000')}\r${line('000000', values)}\r`)
    expect(second?.kind === 'good' && [second.readings.length, second.faults.map(({ at }) => at)]).toEqual([1, ['SPO2']])
  })
})

describe('time', () => {
  it('is the device clock in the zone of the setting', () => {
    const at = (zone: string): string => {
      const [frame] = framesIn(`${line('000000')}\r`, zone)
      return frame?.kind === 'good' && frame.sentAt !== null ? isoOf(frame.sentAt) : 'none'
    }
    expect([at('UTC'), at('America/New_York'), at('+05:30')]).toEqual(['2016-03-17T19:20:01.000Z', '2016-03-17T23:20:01.000Z', '2016-03-17T13:50:01.000Z'])
  })

  it('of trend memory is not the time of sending', () => {
    const deviceAt = Date.UTC(2008, 8, 21, 9, 56, 12)
    expect(framesIn('09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69 EXC=800:SET\r')[0]).toMatchObject({ sentAt: null, readings: [{ deviceAt }, {}, {}] })
  })

  it.each(['13/01/16', '02/30/16', '00/01/16'])('%s is no day, and its line is not believed', (date) => {
    expect(framesIn(`${line('000000')}\r${line('000000').replace('03/17/16', date)}\r`)[1]).toMatchObject({ kind: 'quarantined' })
  })
})

describe('alarms', () => {
  const alarmed = (alarm: string): string => line('000800').replace('ALARM=0000', `ALARM=${alarm}`)
  /** What each line says of alarms. */
  const alarmsIn = (...lines: readonly string[]): string[] =>
    framesIn(`${lines.join('\r')}\r`).map((frame) =>
      frame.kind === 'good' ? frame.alarms.map(({ phase, id, inactivation }) => [phase, id, ...inactivation].join(' ')).join('; ') : frame.kind,
    )

  it.each([
    ['0011', 'masimo:spo2-high', 'MDC_EVT_HI_VAL_GT_LIM', 'MDC_PULS_OXIM_SAT_O2'],
    ['000012', 'masimo:spo2-low', 'MDC_EVT_LO_VAL_LT_LIM', 'MDC_PULS_OXIM_SAT_O2'],
    ['0014', 'masimo:bpm-high', 'MDC_EVT_HI_VAL_GT_LIM', 'MDC_PULS_OXIM_PULS_RATE'],
    ['000018', 'masimo:bpm-low', 'MDC_EVT_LO_VAL_LT_LIM', 'MDC_PULS_OXIM_PULS_RATE'],
  ])('with ALARM=%s in two lines: %s', (alarm, id, code, source) => {
    const frames = framesIn(`${alarmed(alarm)}\r${alarmed(alarm)}\r${alarmed(alarm)}\r`)
    const told = { id, code, source, phase: 'start', state: 'active', priority: 'medium', type: 'physiological', inactivation: [], flags: ['zone-assumed'] }
    const deviceAt = Date.UTC(2016, 2, 17, 19, 20, 1)
    expect(frames.map((frame) => frame.kind === 'good' && frame.alarms)).toMatchObject([[], [{ ...told, deviceAt }], []])
  })

  it('muted go on, marked so, and end when they are gone from two lines', () => {
    expect(alarmsIn(...['0012', '0012', '0032', '0032', '0000', '0012', '0000', '0000', '0000'].map(alarmed))).toEqual([
      '', 'start masimo:spo2-low', '', 'update masimo:spo2-low audio-paused', '', '', '', 'end masimo:spo2-low audio-paused', '',
    ])
  })

  it('of causes that no bit names, muting alone, and a clear field say nothing', () => {
    expect(alarmsIn(...['0010', '0010', '0020', '0020', '0000', 'FFC0', 'FFC0'].map(alarmed))).toEqual(['', '', '', '', '', '', ''])
  })

  it('say whether the device is muted, also where nothing alarms, and nothing where a line does not tell', () => {
    const frames = framesIn(`${['0000', '0020', '0032', '----', '012'].map(alarmed).join('\r')}\r`)
    expect(frames.map((frame) => frame.kind === 'good' && frame.quiet)).toEqual([[], ['audio-paused'], ['audio-paused'], undefined, undefined])
  })

  it('are as they were while a line does not say', () => {
    const without = line('000800').replace('ALARM=0000 ', '')
    const said = alarmsIn(alarmed('0012'), alarmed('0012'), alarmed('----'), alarmed('----'), without, alarmed('0012'))
    expect(said).toEqual(['', 'start masimo:spo2-low', '', '', '', ''])
  })

  it.each(['012', '0000012', '00G2'])('in a field of another form (%s) are faults, and change nothing', (alarm) => {
    const frames = framesIn(`${alarmed('0012')}\r${alarmed('0012')}\r${alarmed(alarm)}\r${alarmed(alarm)}\r`)
    expect(frames.map((frame) => frame.kind === 'good' && [frame.alarms.length, frame.faults.map(({ at }) => at), frame.readings.length])).toEqual([
      [0, [], 3], [1, [], 3], [0, ['ALARM'], 3], [0, ['ALARM'], 3],
    ])
  })

  it('of trend memory are long past', () => {
    const old = '09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69 ALARM=0012 EXC=800:SET'
    expect(alarmsIn(old, old, old)).toEqual(['', '', ''])
  })
})

describe('lines', () => {
  it('begun before we listened are passed by, once', () => {
    const tail = line('000000').slice(20)
    expect(framesIn(`${tail}\r${tail}\r${line('000000')}\r`).map(({ kind }) => kind)).toEqual(['skipped', 'quarantined', 'good'])
    expect(framesIn(`\0\xffjunk\r${line('000000')}\r`).map(({ kind }) => kind)).toEqual(['skipped', 'good'])
  })

  it('that run together are not believed', () => {
    const cut = `${line('000000').slice(0, 45)}${line('000000', 'SPO2=096% BPM=081')}`
    expect(framesIn(`${line('000000')}\r${cut}\r`)[1]).toMatchObject({ kind: 'quarantined' })
    expect(framesIn(`${line('000000')}\r${line('000000')} SPO2=096%\r`)[1]).toMatchObject({ kind: 'quarantined', why: 'SPO2 twice: two lines run together' })
  })

  it('without EXC or SPO2 are not believed', () => {
    expect(framesIn(`${line('000000')}\r${line('000000').replace(/ EXC.*/, '')}\r`)[1]).toMatchObject({ why: 'no EXC, without which no value can be trusted' })
    expect(framesIn(`${line('000000')}\r${line('000000', 'BPM=080')}\r`)[1]).toMatchObject({ why: 'no SPO2' })
  })

  it('cut off by the end are counted, and never merged with what comes after', () => {
    const session = masimo.open({})
    const first = framesOf(session, [utf8(`${line('000000')}\r`), utf8(line('000000').slice(0, 50))])
    expect(first.map(({ kind }) => kind)).toEqual(['good', 'bad'])
    expect(framesOf(session, [utf8(`${line('000000').slice(50)}\r${line('000000')}\r`)]).map(({ kind }) => kind)).toEqual(['skipped', 'good'])
  })

  it('as long as is allowed are read, one byte more is bad', () => {
    const made = (length: number): string => `${line('000000')} X=${'1'.repeat(length - line('000000').length - 3)}\r`
    expect(framesIn(made(driverLimits.asciiLineBytesMax)).map(({ kind }) => kind)).toEqual(['good'])
    const length = driverLimits.asciiLineBytesMax + 1
    expect(framesIn(made(length))).toMatchObject([{ kind: 'bad', why: 'no line end within 1024 bytes: wrong speed?', length }])
  })

  it('that lost or gained one character give the same value or none', () => {
    const good = line('000000')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: good.length - 1 }), fc.boolean(), (at, lost) => {
        const damaged = lost ? good.slice(0, at) + good.slice(at + 1) : good.slice(0, at) + (good[at] ?? '') + good.slice(at)
        const [, frame] = framesIn(`${good}\r${damaged}\r`)
        const readings = frame?.kind === 'good' ? frame.readings : []
        const values = readings.flatMap(({ metric, measurement }) => (measurement.kind === 'measured' ? [`${metric.id} ${measurement.value}`] : []))
        for (const value of values) expect(['MDC_PULS_OXIM_SAT_O2 97', 'MDC_PULS_OXIM_PULS_RATE 80', 'MDC_BLD_PERF_INDEX 1.2']).toContain(value)
      }),
      { numRuns: 500 },
    )
  })
})
