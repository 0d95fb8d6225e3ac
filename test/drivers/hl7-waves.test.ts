import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import hl7 from '../../drivers/hl7/driver.ts'
import { utf8 } from '../../src/codec/bytes.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import { isoOf } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { Frame } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

type Good = Frame & { kind: 'good' }

const MSH = 'MSH|^~\\&|MINDRAY_EGATEWAY||||20260124124739000+0800||ORU^R01^ORU_R01|1|P|2.6'
const OBR = 'OBR|1|503^M|503^M|100001^CONTINUOUS WAVEFORM^99MNDRY|||20260124124738+0800'
const FIELDS = { type: 'NA', code: '131330^MDC_ECG_ELEC_POTL_II^MDC', place: '1.7.1.131330', samples: '80^88^92', marks: '', status: 'R', at: '' }
const wave = (over: Partial<typeof FIELDS> = {}): string => {
  const { type, code, place, samples, marks, status, at } = { ...FIELDS, ...over }
  return `OBX|1|${type}|${code}|${place}|${samples}|||${marks}|||${status}|||${at}`
}
const rate = (value = '500', unit = '264640^MDC_DIM_HZ^MDC', place = '1.7.1.131330.1'): string => `OBX|2|NM|0^MDC_ATTR_SAMP_RATE^MDC|${place}|${value}|${unit}`
const resolution = (value = '0.001221', unit = '266418^MDC_DIM_MILLI_VOLT^MDC', place = '1.7.1.131330.2'): string => `OBX|3|NM|2327^MDC_ATTR_NU_MSMT_RES^MDC|${place}|${value}|${unit}`
const invalid = (value = '32767'): string => `OBX|4|NM|196660^MDC_EVT_INOP^MDC|1.7.1.131330.3|${value}`

function heard(...segments: readonly string[]): Good {
  const [frame] = framesOf(hl7.open({}), [mllpFrame(utf8([MSH, ...segments].join('\r')))])
  if (frame?.kind !== 'good') throw new Error(`no good frame: ${JSON.stringify(frame)}`)
  return frame
}
const pieces = (...segments: readonly string[]): readonly string[] =>
  heard(...segments).waveforms.map(({ samples, deviceAt }) => `${samples.join(' ')} at ${deviceAt === null ? 'none' : isoOf(deviceAt).slice(17, 23)}`)
const why = (...segments: readonly string[]): readonly string[] => {
  const { faults, leftOut = [], waveforms } = heard(...segments)
  expect(waveforms).toEqual([])
  return [...faults.map((fault) => `fault: ${fault.why}`), ...leftOut.map((left) => left.why)]
}

describe('a wave', () => {
  it('has its rate, resolution, unit, place and time', () => {
    const [found] = heard(OBR, wave({ at: '20260124124738.250+0800' }), rate(), resolution()).waveforms
    expect(found).toEqual({
      metric: 'MDC_ECG_ELEC_POTL_II', channel: '1.7.1.131330', rateHz: 500, scale: 0.001221, offset: 0, unit: 'mV', samples: Int16Array.of(80, 88, 92),
      deviceAt: Date.UTC(2026, 0, 24, 4, 47, 38, 250),
    })
  })

  it('has a gap where a sample is none: what follows is a wave of its own, at its own time', () => {
    expect(pieces(OBR, wave({ samples: '1^2^32767^32767^5^6' }), rate(), resolution(), invalid())).toEqual(['1 2 at 38.000', '5 6 at 38.008'])
    expect(pieces(OBR, wave({ samples: '1^2^-1^5' }), rate(), resolution(), invalid('-1'))).toEqual(['1 2 at 38.000', '5 at 38.006'])
    expect(pieces(OBR, wave({ samples: '1^^5^32767' }), rate(), resolution())).toEqual(['1 at 38.000', '5 at 38.004'])
  })

  it('of a sensor that is off is none: all of its samples are invalid', () => {
    expect(pieces(OBR, wave({ samples: '32767^32767^32767' }), rate(), resolution(), invalid())).toEqual([])
  })

  it('loses no sample and makes none, wherever the gaps are', () => {
    const sample = fc.option(fc.integer({ min: -200_000, max: 200_000 }).filter((value) => value !== 32_767), { nil: null })
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 60 }), (samples) => {
        const { waveforms } = heard(OBR, wave({ samples: samples.map((value) => value ?? 32_767).join('^') }), rate('100'), resolution())
        const begin = Date.UTC(2026, 0, 24, 4, 47, 38)
        const heardAt = new Map(waveforms.flatMap(({ samples: run, deviceAt }) => Array.from(run, (value, index) => [((deviceAt ?? 0) - begin) / 10 + index, value])))
        expect(Array.from(samples, (_, index) => heardAt.get(index) ?? null)).toEqual(samples)
      }),
      { numRuns: 200 },
    )
  })

  it('takes attributes by their place, else those that follow it', () => {
    const other = wave({ code: '150452^MDC_PULS_OXIM_PLETH^MDC', place: '1.3.1', samples: '7^8' })
    const rates = (...segments: readonly string[]): readonly number[] => heard(OBR, ...segments).waveforms.map(({ rateHz }) => rateHz)
    expect(rates(wave(), other, rate(), resolution(), rate('60', 'Hz', '1.3.1.1'), resolution('0.1', '1', '1.3.1.2'))).toEqual([500, 60])
    expect(rates(wave({ place: '' }), rate('250', 'Hz', ''), resolution('1', 'mV', ''), wave({ code: '150452^MDC_PULS_OXIM_PLETH^MDC', place: '', samples: '7' }), rate('60', 'Hz', ''), resolution('1', '1', ''))).toEqual([250, 60])
  })

  it.each([
    ['of a code that we do not know', [wave({ code: '999^MDC_X^MDC' }), rate(), resolution()], 'a wave of a code that we do not know'],
    ['under the name of another', [wave({ code: '131330^MDC_RESP^MDC' }), rate(), resolution()], 'fault: code 131330 is MDC_ECG_ELEC_POTL_II, and is called MDC_RESP here'],
    ['without a rate', [wave(), resolution()], 'a wave without its sample rate in Hz'],
    ['with a rate in something else', [wave(), rate('500', 'bpm'), resolution()], 'a wave without its sample rate in Hz'],
    ['with a rate of nothing', [wave(), rate('0'), resolution()], 'a wave without its sample rate in Hz'],
    ['without a resolution', [wave(), rate()], 'a wave without its resolution'],
    ['with a resolution of nothing', [wave(), rate(), resolution('0')], 'a wave without its resolution'],
    ['in a unit that is none', [wave(), rate(), resolution('1', 'furlongs')], 'fault: unit furlongs is not known'],
    ['with half samples', [wave({ samples: '1^2.5' }), rate(), resolution()], 'fault: OBX-5 is no row of whole numbers'],
    ['at a time that is none', [wave({ at: 'soon' }), rate(), resolution()], 'fault: the time of the wave is no HL7 time'],
    ['that the monitor calls invalid', [wave({ status: 'X' }), rate(), resolution()], 'a wave that the monitor calls invalid'],
    ['of a demonstration', [wave({ marks: 'DEMO' }), rate(), resolution()], 'a wave of a demonstration or a test'],
    ['among others in one row', [wave({ type: 'MA', code: '131330^MDC_ECG_ELEC_POTL_II^MDC' }), rate(), resolution()], 'waves that share a row'],
  ])('%s is not passed on', (_, segments, expected) => expect(why(OBR, ...segments)).toEqual([expected]))

  it('of a message in demo mode is not passed on', () => {
    const [frame] = framesOf(hl7.open({}), [mllpFrame(utf8([MSH.replace('|P|', '|D|'), OBR, wave(), rate(), resolution()].join('\r')))])
    expect(frame).toMatchObject({ waveforms: [], leftOut: [{ why: 'a wave of a demonstration or a test' }] })
  })

  it('comes with alarms too', () => {
    const [frame] = framesOf(hl7.open({}), [mllpFrame(utf8([MSH.replace('ORU^R01^ORU_R01', 'ORU^R40'), OBR, wave(), rate(), resolution()].join('\r')))])
    expect(frame).toMatchObject({ alarms: [], waveforms: [{ rateHz: 500 }] })
  })

  it('may have so many pieces, and not one more', () => {
    const samples = (count: number): string => Array.from({ length: count }, () => '1^32767').join('^')
    expect(heard(OBR, wave({ samples: samples(driverLimits.hl7WaveformsPerFrameMax) }), rate(), resolution()).waveforms).toHaveLength(driverLimits.hl7WaveformsPerFrameMax)
    expect(why(OBR, wave({ samples: samples(driverLimits.hl7WaveformsPerFrameMax + 1) }), rate(), resolution())).toEqual(['more pieces of waves than are taken'])
  })
})
