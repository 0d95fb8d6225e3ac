import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import ivy from '../../drivers/ivy-450c/driver.ts'
import { utf8 } from '../../src/codec/bytes.ts'
import { monoMs } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { DriverSettings, Frame, Session } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

/** The values of the published capture, in the shape of its published line; the labels and blanks that nobody published are ours. */
const LINES = [
  'HR=1;80;ECG-II-DIAG;', 'RR=1;35;;', 'SPO2=1;100;PR=80;', 'NIBP=1;121;75;92;80;;', 'P1=1;111;73;88;ART;', 'P2=1;;;;NO TRANSDUCER;', 'T1=1;36.8;;',
]
const BLANK_CUFF = 'NIBP=1;;;;;;'
/** Waves that count upwards, so that a lost byte would be seen; FE and FF are among them. */
const WAVES = Uint8Array.from({ length: 400 }, (_, index) => index % 256)

function message(lines: readonly string[], waves = WAVES): Uint8Array {
  return Uint8Array.from([0xff, ...utf8('ANSAR-B '), ...waves, ...utf8(lines.map((line) => `${line}\r`).join('')), 0xfe])
}
const changed = (line: string): readonly string[] => LINES.map((own) => (own.split('=')[0] === line.split('=')[0] ? line : own))

type Good = Extract<Frame, { kind: 'good' }>
function heard(session: Session, ...messages: readonly Uint8Array[]): Good {
  const goods = messages.flatMap((bytes) => session.receive(bytes, monoMs(0)).frames).filter((frame): frame is Good => frame.kind === 'good')
  const last = goods.at(-1)
  if (last === undefined) throw new Error('no good frame')
  return last
}
const valuesOf = ({ readings }: Good): Record<string, string | number> =>
  Object.fromEntries(
    readings.map(({ metric, measurement, channel, flags }) => [
      `${channel} ${metric.id}`.trim(), measurement.kind === 'absent' ? measurement.reason : flags.includes('questionable') ? `${measurement.value}?` : measurement.value,
    ]),
  )
const read = (line: string, settings: DriverSettings = {}): Record<string, string | number> => valuesOf(heard(ivy.open(settings), message(changed(line))))
const kinds = (...chunks: readonly Uint8Array[]): string => framesOf(ivy.open({}), chunks).map(({ kind }) => kind).join()

describe('the published message', () => {
  it('has its numbers: HR 80, RR 35, SpO2 100, PR 80, NIBP 121/75 (92), P1 111/73 (88), no transducer on P2', () => {
    const session = ivy.open({ p2: 'cvp' })
    const blank = message(changed(BLANK_CUFF))
    expect(valuesOf(heard(session, blank, blank))).toMatchObject({ MDC_PRESS_BLD_NONINV_SYS: 'not-measured' })
    expect(valuesOf(heard(session, message(LINES), message(LINES)))).toEqual({
      MDC_ECG_HEART_RATE: 80, MDC_RESP_RATE: 35, MDC_PULS_OXIM_SAT_O2: 100, MDC_PULS_OXIM_PULS_RATE: 80,
      MDC_PRESS_BLD_NONINV_SYS: 121, MDC_PRESS_BLD_NONINV_DIA: 75, MDC_PRESS_BLD_NONINV_MEAN: 92, MDC_PULS_RATE_NON_INV: 80,
      'P1 MDC_PRESS_BLD_ART_SYS': 111, 'P1 MDC_PRESS_BLD_ART_DIA': 73, 'P1 MDC_PRESS_BLD_ART_MEAN': 88,
      'P2 MDC_PRESS_BLD_VEN_CENT_MEAN': 'probe-off', 'T1 MDC_TEMP': 36.8,
    })
  })

  it('has a second of waves, without the one that has no transducer, in steps of the screen', () => {
    const { waveforms, leftOut } = heard(ivy.open({}), message(LINES))
    expect(waveforms.map(({ metric, channel, rateHz, unit, samples, deviceAt }) => [metric, channel, rateHz, unit, samples.length, samples[0], deviceAt])).toEqual([
      ['MDC_ECG_ELEC_POTL_II', '', 200, '1', 200, 0, null],
      ['MDC_IMPED_TTHOR', '', 50, '1', 50, 200, null],
      ['MDC_PULS_OXIM_PLETH', '', 50, '1', 50, 250, null],
      ['MDC_PRESS_BLD_ART', 'P1', 50, '1', 50, 44, null],
    ])
    expect(leftOut).toContainEqual({ why: 'no sensor', at: 'P2 wave' })
  })
})

describe('values', () => {
  it.each([
    ['HR=1;0;ECG-II-DIAG;ASYSTOLE', 'MDC_ECG_HEART_RATE', 0],
    ['HR=1;0;ECG-II-DIAG;', 'MDC_ECG_HEART_RATE', 'device-invalid'],
    ['HR=1;;ECG-II-DIAG;', 'MDC_ECG_HEART_RATE', 'not-measured'],
    ['HR=1;80;ECG-II-DIAG;LEADS OFF', 'MDC_ECG_HEART_RATE', 'lead-off'],
    ['HR=1;0;ECG-II-DIAG;Lead Off', 'MDC_ECG_HEART_RATE', 'lead-off'],
    ['HR=1;80;PLETH;', 'MDC_PULS_RATE', 80],
    ['HR=1;;LEADS OFF;LEADS OFF', 'MDC_ECG_HEART_RATE', 'lead-off'],
    ['HR=1;301;ECG-I;', 'MDC_ECG_HEART_RATE', 'out-of-range'],
    ['RR=1;0;;APNEA', 'MDC_RESP_RATE', 0],
    ['RR=1;0;;', 'MDC_RESP_RATE', '0?'],
    ['SPO2=1;0;PR=;', 'MDC_PULS_OXIM_SAT_O2', 'device-invalid'],
    ['SPO2=1;---;PR=---;', 'MDC_PULS_OXIM_PULS_RATE', 'not-measured'],
    ['SPO2=1;97;PR=80;SENSOR OFF', 'MDC_PULS_OXIM_SAT_O2', 'probe-off'],
    ['T1=1;98.6;;', 'T1 MDC_TEMP', 'out-of-range'],
  ])('of %s: %s is %s', (line, id, expected) => expect(read(line)[id]).toBe(expected))

  it('of breaths are those of the gas where there is one', () => {
    const session = ivy.open({})
    expect(valuesOf(heard(session, message([...LINES, 'ETCO2=1;38;mmHg;'])))).toMatchObject({ MDC_CO2_RESP_RATE: 35, MDC_CONC_AWAY_CO2_ET: 38 })
    const { leftOut } = heard(session, message([...LINES, 'ETCO2=1;5;kPa;', 'T2=1;99.1;F;']))
    expect(leftOut).toEqual(expect.arrayContaining([{ why: 'not in mmHg', at: 'ETCO2' }, { why: 'not in °C', at: 'T2' }]))
  })

  it.each([
    ['P1=1;24;11;16;PAP;', {}, { 'P1 MDC_PRESS_BLD_ART_PULM_SYS': 24, 'P1 MDC_PRESS_BLD_ART_PULM_DIA': 11, 'P1 MDC_PRESS_BLD_ART_PULM_MEAN': 16 }],
    ['P1=1;9;3;-2;CVP;', {}, { 'P1 MDC_PRESS_BLD_VEN_CENT_MEAN': -2 }],
    ['P1=1;111;73;88;P1;', {}, {}],
    ['P1=1;111;73;88;P1;', { p1: 'art' }, { 'P1 MDC_PRESS_BLD_ART_SYS': 111, 'P1 MDC_PRESS_BLD_ART_DIA': 73, 'P1 MDC_PRESS_BLD_ART_MEAN': 88 }],
  ] as const)('of %s with %j are what the line is called, and no blood pressure without a name', (line, settings, expected) => {
    const found = Object.entries(read(line, settings)).filter(([id]) => id.startsWith('P1'))
    expect(Object.fromEntries(found)).toEqual(expected)
  })

  it('of a line that lost its transducer are absent as what the line was', () => {
    const session = ivy.open({})
    heard(session, message(LINES))
    expect(valuesOf(heard(session, message(changed('P1=1;;;;NO TRANSDUCER;'))))).toMatchObject({ 'P1 MDC_PRESS_BLD_ART_SYS': 'probe-off' })
  })

  const ODD = ['HR=1;8O;ECG-II-DIAG;', 'HR=1;1800;ECG-II-DIAG;', 'HR=1;8.0;ECG-II-DIAG;', 'HR=1;-80;ECG-II-DIAG;']
  it.each(ODD)('of another form (%s) are faults', (line) => {
    const good = heard(ivy.open({}), message(changed(line)))
    expect([good.faults, valuesOf(good)['MDC_ECG_HEART_RATE']]).toEqual([[{ why: 'not a number of the usual form', at: 'HR' }], undefined])
  })
})

describe('the cuff', () => {
  const cuff = (session: Session, line: string): string | number | undefined => valuesOf(heard(session, message(changed(line))))['MDC_PRESS_BLD_NONINV_SYS']
  it('is told when its numbers change, never for what stood there when the line opened', () => {
    const session = ivy.open({})
    const [old, next] = ['NIBP=1;121;75;92;80;;', 'NIBP=1;118;74;90;79;;']
    const lines = [old, old, old, BLANK_CUFF, BLANK_CUFF, old, old, old, next, next]
    expect(lines.map((line) => cuff(session, line))).toEqual([undefined, undefined, undefined, undefined, 'not-measured', undefined, 121, undefined, undefined, 118])
    expect(heard(ivy.open({}), message(LINES), message(LINES)).leftOut).toContainEqual({ why: 'measured at a time that nobody knows', at: 'NIBP' })
  })

  it('that lost a digit in one message is not told, and what it was is not told again', () => {
    const session = ivy.open({})
    const [own, damaged] = ['NIBP=1;121;75;92;80;;', 'NIBP=1;21;75;92;80;;']
    expect([BLANK_CUFF, BLANK_CUFF, own, own, damaged, own, own].map((line) => cuff(session, line))).toEqual([undefined, 'not-measured', undefined, 121, undefined, undefined, undefined])
  })
})

describe('alarms', () => {
  it('begin and end with the words of their line', () => {
    const session = ivy.open({})
    const told = (line: string): string[] => heard(session, message(changed(line))).alarms.map(({ id, phase, priority, type }) => `${id} ${phase} ${priority} ${type}`)
    expect(told('HR=1;150;ECG-II-DIAG;HR HIGH')).toEqual(['ivy-450c:HR:HR HIGH start medium physiological'])
    expect(told('HR=1;150;ECG-II-DIAG;HR HIGH')).toEqual([])
    expect(told('HR=1;0;ECG-II-DIAG;ASYSTOLE')).toEqual(['ivy-450c:HR:HR HIGH end medium physiological', 'ivy-450c:HR:ASYSTOLE start high physiological'])
    expect(told('HR=1;;ECG-II-DIAG;LEADS OFF')).toEqual(['ivy-450c:HR:ASYSTOLE end high physiological', 'ivy-450c:HR:LEADS OFF start low technical'])
    expect(told('HR=1;80;ECG-II-DIAG;')).toEqual(['ivy-450c:HR:LEADS OFF end low technical'])
  })

  it('outlast one message without their line, which may have been damaged, and no more', () => {
    const session = ivy.open({})
    const told = (lines: readonly string[]): string[] => heard(session, message(lines)).alarms.map(({ text, phase }) => `${text} ${phase}`)
    const high = changed('HR=1;150;ECG-II-DIAG;HR HIGH')
    const without = LINES.slice(1)
    expect([high, without, high, without, without, high].map(told)).toEqual([['HR HIGH start'], [], [], [], ['HR HIGH end'], ['HR HIGH start']])
  })
})

describe('messages', () => {
  const good = message(LINES)

  it('are found behind the tail of one, among noise, and after one that was cut off', () => {
    expect(kinds(good.slice(300), good)).toBe('skipped,good')
    expect(kinds(utf8('\0\0\xff noise '), good, utf8('\r\n'), good)).toBe('skipped,good,skipped,good')
    expect(kinds(good.slice(0, 200), good)).toBe('bad,good')
    expect(kinds(good.slice(0, -1), good, good)).toBe('bad,good,good')
    expect(kinds(good, good.slice(0, 430))).toBe('good,bad')
    expect(kinds(good, good.slice(0, 5))).toBe('good,skipped')
  })

  it('with bytes that are no text among their lines are bad as a whole', () => {
    expect(kinds(good.map((byte, at) => (at === good.length - 20 ? 0x80 : byte)), good)).toBe('bad,good')
  })

  it('with a parameter twice are not believed', () => {
    expect(heard(ivy.open({}), message([...LINES, 'HR=1;90;ECG-II-DIAG;']))).toMatchObject({ readings: [], faults: [{ why: 'twice: two messages run together', at: 'HR' }] })
  })

  it('whose waves lost a byte have no waves, and no number that is wrong', () => {
    const short = heard(ivy.open({}), Uint8Array.from([...good.slice(0, 100), ...good.slice(101)]))
    expect(short.waveforms).toEqual([])
    expect(short.leftOut).toContainEqual({ why: 'the text does not begin where the waves should end', at: 'waves' })
    expect(valuesOf(short)['MDC_RESP_RATE']).toBe(35)
  })

  it('with as much text as is allowed are read, one byte more is bad', () => {
    const filled = (length: number): Uint8Array => message([...LINES, `ID=${'x'.repeat(length - LINES.join('\r').length - 1 - 4)}`])
    const most = filled(driverLimits.ansarTextBytesMax)
    expect(most.length).toBe(409 + driverLimits.ansarTextBytesMax + 1)
    expect(kinds(most)).toBe('good')
    expect(framesOf(ivy.open({}), [filled(driverLimits.ansarTextBytesMax + 1)])[0]).toMatchObject({ kind: 'bad', why: 'a message without an end' })
  })

  it('that lost one byte give no other number than one of theirs that lost a digit, for which the rules wait for two messages', () => {
    const session = (): Session => ivy.open({})
    const own = valuesOf(heard(session(), good))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: good.length - 1 }), (at) => {
        const frames = framesOf(session(), [Uint8Array.from([...good.slice(0, at), ...good.slice(at + 1)]), good])
        for (const frame of frames) {
          if (frame.kind !== 'good') continue
          for (const [id, value] of Object.entries(valuesOf(frame))) {
            if (typeof value !== 'number' || value === own[id]) continue
            const digits = String(own[id] ?? '').replace('.', '')
            const isShorter = Array.from(digits, (_, place) => digits.slice(0, place) + digits.slice(place + 1)).includes(String(value).replace('.', ''))
            expect([id, value, isShorter || ['MDC_PULS_RATE', 'MDC_PULS_OXIM_PULS_RATE'].includes(id)]).toEqual([id, value, true])
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it.each(['p1', 'p2'])('refuses a setting that cannot be: %s', (name) => {
    expect(() => ivy.open({ [name]: 'radial' })).toThrow(`${name}: "radial" is not one of by-label, art, cvp, pap, icp`)
  })
})
