/** What monitors really send (the quirk checklist of the protocol notes), a row each: what it looks like, and what Vigil makes of it. */

import { describe, expect, it } from 'vitest'
import hl7 from '../../drivers/hl7/driver.ts'
import { latin1, utf8 } from '../../src/codec/bytes.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import { isoOf } from '../../src/domain/time.ts'
import type { DriverSettings, Frame } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

type Good = Frame & { kind: 'good' }

const MSH = 'MSH|^~\\&|MON-7||||20260401070000+0000||ORU^R01^ORU_R01|42|P|2.6'
const HR = 'OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1|80|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R'

const read = (text: string | Uint8Array, settings: DriverSettings = {}): Frame[] =>
  framesOf(hl7.open(settings), [typeof text === 'string' ? mllpFrame(utf8(text)) : text])

function good(text: string, settings?: DriverSettings): Good {
  const [frame] = read(text, settings)
  if (frame?.kind !== 'good') throw new Error(`no good frame: ${JSON.stringify(frame)}`)
  return frame
}

/** `metric=value unit channel flags`, or why not: what becomes of the rows of one message. */
function told(frame: Frame): readonly string[] {
  if (frame.kind !== 'good') return [`${frame.kind}: ${frame.why}`]
  return [
    ...frame.readings.map(({ metric, measurement, channel, flags }) =>
      [`${metric.id}=${measurement.kind === 'measured' ? measurement.value : measurement.reason}`, channel, ...flags].filter((word) => word !== '').join(' ')),
    ...frame.alarms.map(({ phase, text, code }) => `alarm ${phase} ${text === '' ? code : text}`),
    ...frame.waveforms.map(({ metric, samples }) => `wave ${metric} ${samples.join(' ')}`),
    ...frame.faults.map(({ why }) => `fault: ${why}`),
    ...(frame.leftOut ?? []).map(({ why }) => `left out: ${why}`),
  ]
}
const rows = (...obx: readonly string[]): readonly string[] => told(good([MSH, ...obx].join('\r')))
const HEARD = 'MDC_ECG_HEART_RATE=80 1.1'
const bytes = (text: string): Uint8Array => utf8(text.replaceAll('<VT>', '\v').replaceAll('<FS>', '\x1c'))

describe('framing', () => {
  it.each([
    ['LF instead of CR', `<VT>${MSH}\n${HR}\n<FS>\r`, [HEARD]],
    ['CR LF', `<VT>${MSH}\r\n${HR}\r\n<FS>\r\n`, [HEARD]],
    ['VT missing', `${MSH}\r${HR}\r<FS>\r`, [HEARD]],
    ['a message without FS, ended by the next', `<VT>${MSH}\r${HR}\r<VT>${MSH}\r${HR}\r<FS>\r`, ['bad: cut off before its end block', HEARD]],
    ['a message without VT and FS', `${MSH}\r${HR}\r`, [HEARD]],
    ['FS without CR', `<VT>${MSH}\r${HR}\r<FS>`, [HEARD]],
    ['two messages in one read', `<VT>${MSH}\r${HR}\r<FS>\r<VT>${MSH}\r${HR}\r<FS>\r`, [HEARD, HEARD]],
    ['control characters shown as glyphs', `<VT>${MSH}\u240d${HR}\u240d\u241c<FS>\r`, [HEARD]],
  ])('%s', (_, text, expected) => expect(read(bytes(text)).flatMap(told)).toEqual(expected))

  it('FS and CR in two reads', () => {
    const frames = framesOf(hl7.open({}), [bytes(`<VT>${MSH}\r${HR}\r<FS>`), bytes(`\r<VT>${MSH}\r${HR}\r<FS>`), bytes('\r')])
    expect(frames.flatMap(told)).toEqual([HEARD, HEARD])
  })
})

describe('MSH', () => {
  const header = (at: string, type = 'ORU^R01', id = '42', mode = 'P', rest = '2.6'): string => `MSH|^~\\&|MON-7||||${at}||${type}|${id}|${mode}|${rest}`

  it('MSH-3, 4 and 7 empty (PIIC): the sender has no name, the values no time, and both are told', () => {
    const { sender, sentAt, readings } = good(`MSH|^~\\&|||||||ORU^R01|1|P|2.5\rPV1||I|ICU/PCU^^pDemo6&0&0\r${HR}`)
    expect([sender, sentAt, readings[0]?.deviceAt]).toEqual([{ name: null, location: 'ICU/PCU^^pDemo6&0&0' }, null, null])
  })

  it.each([
    ['no zone', '20260124124738', '2026-01-24T12:47:38.000Z', ['zone-assumed']],
    ['…0000+0000', '20260124124738.0000+0000', '2026-01-24T12:47:38.000Z', []],
    ['17 digits without a dot', '20260124124738000+0800', '2026-01-24T04:47:38.000Z', []],
    ['a clock that is years off', '20130101000000+0000', '2013-01-01T00:00:00.000Z', []],
  ])('MSH-7: %s', (_, at, expected, flags) => {
    const { sentAt, readings } = good(`${header(at)}\r${HR}`)
    expect([sentAt === null ? null : isoOf(sentAt), readings[0]?.flags]).toEqual([expected, flags])
  })

  it('MSH-7 two days after OBR-7: the value is as old as the two say', () => {
    const { sentAt, readings } = good(`${header('20210122082326.275+0000')}\rOBR|1||||||20210120082326.275+0000\r${HR}`)
    expect((sentAt ?? 0) - (readings[0]?.deviceAt ?? 0)).toBe(2 * 86_400_000)
  })

  it.each([
    ['ORU^R01', 'good'],
    ['ORU^R01^ORU_R01', 'good'],
    ['ORU', 'good'],
    ['ORU^R40', 'good'],
    ['ORU^W01', 'good'],
    ['ADT^A08', 'good'],
    ['RAS^O17', 'quarantined'],
    ['QRY^R02', 'quarantined'],
  ])('MSH-9 %s: %s', (type, kind) => expect(read(`${header('20260401070000', type)}\r${HR}`)[0]?.kind).toBe(kind))

  it('ADT^A08 with OBX (Comen): what it measured is read as in ORU', () => {
    expect(read(`${header('20260401070000', 'ADT^A08')}\r${HR}`).flatMap(told)).toEqual(['MDC_ECG_HEART_RATE=80 1.1 zone-assumed'])
  })

  it('MSH-10 constant or empty: never a reason to refuse', () => {
    expect(read(`${header('1', 'ORU^R01', '')}\r${HR}`.replace('|1||', '|20260401||'))[0]).toMatchObject({ kind: 'good', messageId: null })
    const session = hl7.open({})
    const message = mllpFrame(utf8(`${MSH}\r${HR}`))
    expect(framesOf(session, [message, message]).flatMap(told)).toEqual([HEARD, HEARD])
  })

  it.each([['P', []], ['T', ['test']], ['D', ['demo']], ['', []]])('MSH-11 %s: %j', (mode, flags) => {
    expect(good(`${header('20260401070000+0000', 'ORU^R01', '1', mode)}\r${HR}`).readings[0]?.flags).toEqual(flags)
  })

  it.each(['UNICODE UTF-8', 'UNICODE', '8859/1', ''])('MSH-18 %j, whatever the bytes are: a degree sign is read', (charset) => {
    const text = `${header('20260401070000+0000')}||||||${charset}\rOBX|1|NM|150344^MDC_TEMP^MDC|1|37.1|°C|||||R`
    const asLatin1 = Uint8Array.from(text, (letter) => letter.charCodeAt(0))
    for (const content of [utf8(text), asLatin1]) expect(read(mllpFrame(content)).flatMap(told)).toEqual(['MDC_TEMP=37.1 1'])
  })
})

describe('PID', () => {
  it.each([
    ['absent', 'PV1||I', null],
    ['99999^^^Hospital^PI', 'PID|||99999^^^Hospital^PI||^^^^^^L|||||unknownrace', { mrn: '99999', name: null }],
    ['empty PID-3', 'PID|||^^^Hospital^PI||Vega^Ilse', { mrn: null, name: 'Vega, Ilse' }],
    ['the name in PID-4 (eGateway)', 'PID|||^^^Hospital^PI|Okonkwo Adaeze|||||unknownrace', { mrn: null, name: 'Okonkwo Adaeze' }],
    ['a birthday of zeros', 'PID|||V-1||Vega^Ilse||00000000|M', { mrn: 'V-1', name: 'Vega, Ilse' }],
    ['nothing in it', 'PID', null],
  ])('%s', (_, pid, identity) => expect(good(`${MSH}\r${pid}\r${HR}`).identity).toEqual(identity))
})

describe('PV1-3', () => {
  it.each([
    ['ICU^^5', 'ICU^^5'],
    ['^^&24', '^^&24'],
    ['HDU^507^3', 'HDU^507^3'],
    ['ICU/PCU^^pDemo6&0&0', 'ICU/PCU^^pDemo6&0&0'],
    ['^^UCIP&8&169722888&4601&&1', '^^UCIP&8&169722888&4601&&1'],
    ['ICU^^5^XYZ HOSPITAL^^^^^00-0F-14-50-72-99', 'ICU^^5'],
    ['6402DH^^^^^^^^MED. 1', '6402DH^^'],
    ['', null],
  ])('%j', (place, location) => expect(good(`${MSH}\rPV1||I|${place}\r${HR}`).sender.location).toBe(location))

  it('absent', () => expect(good(`${MSH}\r${HR}`).sender.location).toBeNull())
})

describe('OBX-1 and OBX-2', () => {
  it('OBX-1 empty, duplicated, skipped: rows are counted', () => {
    const bad = HR.replace('MDC_ECG_HEART_RATE', 'MDC_RESP_RATE')
    const { faults } = good([MSH, HR.replace('|1|', '||'), HR.replace('|1|', '|4|'), bad.replace('|1|', '|4|')].join('\r'))
    expect(faults.map(({ at }) => at)).toEqual(['OBX 3 (147842)'])
  })

  it.each([
    ['NM with a text', HR.replace('|80|', '|Alert|'), ['fault: OBX-5 is not a number']],
    ['ST with a number', HR.replace('|NM|', '|ST|'), [HEARD]],
    ['NA is a wave', HR.replace('|NM|', '|NA|').replace('|80|', '|80^88^92|'), ['left out: a wave of a code that we do not know']],
    ['a blank container', 'OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X', []],
  ])('%s', (_, obx, expected) => expect(rows(obx)).toEqual(expected))
})

describe('OBX-3', () => {
  const coded = (code: string): readonly string[] => rows(HR.replace('147842^MDC_ECG_HEART_RATE^MDC', code))
  it.each([
    ['MDC', '147842^MDC_ECG_HEART_RATE^MDC', [HEARD]],
    ['99MNDRY', '108^MNDRY_ECG_PAUSE_RATE^99MNDRY', ['left out: pauses of the heart a minute']],
    ['99COMEN', '2267^COMEN_ACVPU^99COMEN', ['left out: how awake the patient is, in a word']],
    ['MDIL in hexadecimal, its label in any language', '0002-4182^FC^MDIL', [HEARD]],
    ['MDIL of the vendor', '0002-4822^Pouls^MDIL', ['MDC_PULS_OXIM_PULS_RATE=80 1.1']],
    ['numbers of PDS', '101^HR', ['left out: a code of no metric']],
    ['LOINC that one metric has', '8889-8^Heart rate by oximeter^LN', ['MDC_PULS_OXIM_PULS_RATE=80 1.1']],
    ['text alone', 'CO', ['left out: no code']],
    ['empty', '', ['left out: no code']],
    ['code and name of two', '150456^MDC_ECG_HEART_RATE^MDC', ['fault: code 150456 is MDC_PULS_OXIM_SAT_O2, and is called MDC_ECG_HEART_RATE here']],
    ['the known impostors', '150456^MDC_CO2_ET^MDC', ['fault: code 150456 is MDC_PULS_OXIM_SAT_O2, and is called MDC_CO2_ET here']],
    ['150017 as a cuff', '150017^MDC_PRESS_BLD_NONINV_SYS^MDC', ['fault: code 150017 is MDC_PRESS_BLD_SYS, and is called MDC_PRESS_BLD_NONINV_SYS here']],
    ['150031 as a cuff', '150031^MDC_PRESS_CUFF_SYS^MDC', ['fault: MDC_PRESS_CUFF_SYS has code 150301, and has code 150031 here']],
    ['150021 as a line', '150021^MDC_PRESS_BLD_ART_SYS^MDC', ['fault: code 150021 is MDC_PRESS_BLD_NONINV_SYS, and is called MDC_PRESS_BLD_ART_SYS here']],
  ])('%s', (_, code, expected) => expect(coded(code)).toEqual(expected))

  it('149522 is what its maker means: a pulse to Comen, of an arterial line to all others', () => {
    const pulse = HR.replace('147842^MDC_ECG_HEART_RATE^MDC', '149522^MDC_PULS_RATE^MDC')
    const artery = HR.replace('147842^MDC_ECG_HEART_RATE^MDC', '149522^MDC_BLD_PULS_RATE_INV^MDC')
    const comen = 'OBX||NM|2267^COMEN_ACVPU^99COMEN||Alert||||||F'
    const contradiction = 'fault: code 149522 is MDC_BLD_PULS_RATE_INV, and is called MDC_PULS_RATE here'
    expect(rows(pulse, comen)[0]).toBe('MDC_PULS_RATE=80 1.1')
    expect(rows(artery)).toEqual(['MDC_BLD_PULS_RATE_INV=80 1.1'])
    expect(rows(pulse)).toEqual([contradiction])
    expect(told(good(`${MSH}\r${pulse}`, { profile: 'comen' }))).toEqual(['MDC_PULS_RATE=80 1.1'])
    expect(told(good(`${MSH}\r${pulse}\r${comen}`, { profile: 'pcd01' }))[0]).toBe(contradiction)
  })
})

describe('OBX-4', () => {
  it.each(['1.3.1.150456', '1.26.2.1', '2101', ''])('%j is the channel', (channel) => {
    expect(good(`${MSH}\r${HR.replace('|1.1|', `|${channel}|`)}`).readings[0]?.channel).toBe(channel)
  })

  it('the same code on two channels is two sensors', () => {
    const temperature = (channel: string, value: string): string => `OBX|1|NM|150344^MDC_TEMP^MDC|${channel}|${value}|268192^MDC_DIM_DEGC^MDC|||||R`
    expect(rows(temperature('1.26.1.1', '36.8'), temperature('1.26.2.1', '36.9'))).toEqual(['MDC_TEMP=36.8 1.26.1.1', 'MDC_TEMP=36.9 1.26.2.1'])
  })

  it('the analyte (Edan) is the metric, and the blood is the channel', () => {
    const lactate = 'OBX|8|ST|0|Lac|1.00|mmol/L|0.50^1.60||||||Pass|20250902190239||mfrs||||'
    expect(rows('OBR|1||||||20250902190239||||||||Arterial', lactate)).toEqual(['NOM_CONC_LACT=1 arterial episodic'])
    expect(told(good(`${MSH}\rOBR|1||||||20250902190239\r${lactate}`, { profile: 'pcd01' }))).toEqual(['left out: a code of no metric'])
  })
})

describe('OBX-5', () => {
  const valued = (value: string): string => rows(HR.replace('|80|', `|${value}|`)).join()
  it.each(['-100', '-100.00', '-10000', '-999', '-99.9', '32767', '8388607', '-32767', '-32761', '007FFFFF', '---', ''])('sentinel %j', (value) => {
    expect(valued(value)).toBe('MDC_ECG_HEART_RATE=not-measured 1.1')
  })

  it.each([
    ['?7.412, a doubt of the device', '?80', 'MDC_ECG_HEART_RATE=80 1.1 questionable'],
    ['1,926, a comma that may part thousands', '1,926', 'fault: OBX-5 is a comma that may part decimals or thousands'],
    ['36,8, a comma that cannot', '80,5', 'MDC_ECG_HEART_RATE=80.5 1.1'],
    ['>98, no number', '>98', 'fault: OBX-5 is not a number'],
    ['127 and 511, which SpO2 can mistake for a value', '511', 'MDC_ECG_HEART_RATE=out-of-range 1.1'],
    ['0, a value', '0', 'MDC_ECG_HEART_RATE=0 1.1'],
  ])('%s', (_, value, expected) => expect(valued(value)).toBe(expected))

  it.each(['384.5', '3845'])('tenfold and hundredfold (%s °C) is out of range, never divided', (value) => {
    expect(rows(`OBX|1|NM|150344^MDC_TEMP^MDC|1|${value}|268192^MDC_DIM_DEGC^MDC|||||F`)).toEqual(['MDC_TEMP=out-of-range 1 validated'])
  })
})

describe('OBX-6', () => {
  it.each([
    ['an MDC triplet', '150344^MDC_TEMP^MDC', '37', '268192^MDC_DIM_DEGC^MDC', 'MDC_TEMP=37 1'],
    ['bare', '150033^MDC_PRESS_BLD_ART_SYS^MDC', '120', 'mmHg', 'MDC_PRESS_BLD_ART_SYS=120 1'],
    ['MDIL', '147842^MDC_ECG_HEART_RATE^MDC', '80', '0004-0aa0^bpm^MDIL', 'MDC_ECG_HEART_RATE=80 1'],
    ['empty', '147842^MDC_ECG_HEART_RATE^MDC', '80', '', 'fault: no unit'],
    ['°F by the standard', '150344^MDC_TEMP^MDC', '98.6', '266560^MDC_DIM_FAHR^MDC', 'MDC_TEMP=37 1'],
    ['°F by Comen', '150344^MDC_TEMP^MDC', '98.6', '268160^MDC_DIM_FAHR^MDC', 'MDC_TEMP=37 1'],
    ['kPa', '150033^MDC_PRESS_BLD_ART_SYS^MDC', '16', '265987^MDC_DIM_KILO_PASCAL^MDC', 'MDC_PRESS_BLD_ART_SYS=120.01 1'],
    ['a fraction of oxygen', '152196^MDC_CONC_AWAY_O2_INSP^MDC', '0.30', '262656^MDC_DIM_DIMLESS^MDC', 'MDC_CONC_AWAY_O2_INSP=30 1'],
    ['0.3 % of oxygen', '152196^MDC_CONC_AWAY_O2_INSP^MDC', '0.3', '262688^MDC_DIM_PERCENT^MDC', 'MDC_CONC_AWAY_O2_INSP=out-of-range 1'],
    ['a unit of something else', '150456^MDC_PULS_OXIM_SAT_O2^MDC', '35', '266016^MDC_DIM_MMHG^MDC', 'fault: unit mm[Hg] does not fit MDC_PULS_OXIM_SAT_O2 (%)'],
    ['code and name of two', '147842^MDC_ECG_HEART_RATE^MDC', '80', '264864^MDC_DIM_MMHG^MDC', 'fault: unit code 264864 is /min, and is called MDC_DIM_MMHG here'],
  ])('%s', (_, code, value, unit, expected) => expect(rows(`OBX|1|NM|${code}|1|${value}|${unit}|||||R`)).toEqual([expected]))
})

describe('OBX-7, 8 and 11', () => {
  it.each(['8-30', '90^160', '>98', '0.50 - 1.60', '50^120'])('OBX-7 %s, the limits of the monitor, changes nothing', (limits) => {
    expect(rows(HR.replace('|||||R', `|${limits}||||R`))).toEqual([HEARD])
  })

  it.each([['DEMO', ' demo'], ['A~PL~ST', ''], ['↑', ''], ['L', ''], ['H', '']])('OBX-8 %s', (mark, flag) => {
    expect(rows(HR.replace('|||||R', `||${mark}|||R`))).toEqual([`${HEARD}${flag}`])
  })

  it.each([['R', HEARD], ['F', `${HEARD} validated`], ['X', 'MDC_ECG_HEART_RATE=device-invalid 1.1'], ['', HEARD]])('OBX-11 %j', (status, expected) => {
    expect(rows(HR.replace(/R$/, status))).toEqual([expected])
  })

  it('OBX-11 C takes the place of a value that went before: it is doubted, and told as corrected', () => {
    expect(rows(HR.replace(/R$/, 'C'))).toEqual([`${HEARD} questionable`, 'left out: corrected'])
  })
})

describe('OBX-13, 14 and 17', () => {
  it.each([
    ['APERIODIC in 13', `${HR}||APERIODIC`, `${HEARD} episodic`],
    ['APERIODIC in 17', `${HR}||||||^APERIODIC`, `${HEARD} episodic`],
    ['AMEAS in 17 says how, not when', `${HR}||||||AMEAS^auto-measurement^MDC`, HEARD],
    ['a time of its own', `${HR}|||20260401065900`, `${HEARD} episodic`],
    ['zeros for a time', `${HR}|||00000000000000`, HEARD],
    ['an empty time', `${HR}|||`, HEARD],
  ])('%s', (_, obx, expected) => expect(rows(obx)).toEqual([expected]))

  it('each value has its own time', () => {
    const { readings } = good([MSH, 'OBR|1||||||20260401065930', HR, `${HR}|||20260401061016`, `${HR}|||20260401063415+0000`].join('\r'))
    expect(readings.map(({ deviceAt }) => (deviceAt === null ? null : isoOf(deviceAt).slice(11, 19)))).toEqual(['06:59:30', '06:10:16', '06:34:15'])
  })
})

describe('profiles', () => {
  it('are found by MSH-3, MSH-4 or a coding system, and never take a meaning away', () => {
    for (const profile of ['auto', 'pcd01', 'mindray', 'philips', 'ge', 'comen', 'edan', 'masimo']) expect(told(good(`${MSH}\r${HR}`, { profile }))).toEqual([HEARD])
    expect(() => hl7.open({ profile: 'acme' })).toThrow(/there is no "acme" \(auto, comen, edan, ge, masimo, mindray, pcd01, philips\)/)
  })

  it('weight and height of IHE SDPi are those of the standard', () => {
    expect(rows('OBX|1|NM|68063^MDC_ATTR_PT_WEIGHT^MDC|1|82|kg', 'OBX|2|NM|68060^MDC_ATTR_PT_HEIGHT^MDC|1|181|cm')).toEqual(['MDC_MASS_BODY_ACTUAL=82 1 episodic', 'MDC_LEN_BODY_ACTUAL=181 1 episodic'])
  })

  it('a label of Philips that names another metric makes its code unbelievable', () => {
    expect(rows(HR.replace('147842^MDC_ECG_HEART_RATE^MDC', '0002-4822^MDC_RESP_RATE^MDIL'))).toEqual(['fault: the two codes of this value name different metrics'])
  })

  it('no answer says what a message was', () => {
    const [frame] = read(`${MSH}\r${HR}`)
    const reply = frame?.kind === 'good' ? frame.reply?.({ kind: 'stored' }) : null
    expect(latin1(reply ?? new Uint8Array(0))).not.toMatch(/OBX|80/)
  })
})
