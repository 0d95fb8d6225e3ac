import { describe, expect, it } from 'vitest'
import hl7 from '../../drivers/hl7/driver.ts'
import { latin1, utf8 } from '../../src/codec/bytes.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import { isoOf } from '../../src/domain/time.ts'
import type { Frame } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

type Good = Frame & { kind: 'good' }

const MSH = 'MSH|^~\\&|LIS|LAB|||20260401091500+0200||ORU^R01^ORU_R01|L-1|P|2.5.1|||AL|NE'
const obr = (at: string, specimen: string): string => `OBR|1|O-1|F-1|PANEL|||${at}||||||||${specimen}`
const DRAWN = obr('20260401083000+0200', 'Serum')
const obx = (code: string, value: string, unit: string, status = 'F', at = ''): string => `OBX|1|NM|${code}||${value}|${unit}|||||${status}|||${at}`

function good(...segments: readonly string[]): Good {
  const [frame] = framesOf(hl7.open({}), [mllpFrame(utf8(segments.join('\r')))])
  if (frame?.kind !== 'good') throw new Error(`no good frame: ${JSON.stringify(frame)}`)
  return frame
}
const told = (...segments: readonly string[]): readonly string[] => {
  const { readings, faults, leftOut = [] } = good(MSH, ...segments)
  return [
    ...readings.map(({ metric, measurement, channel, flags }) => [`${metric.id}=${measurement.kind === 'measured' ? measurement.value : measurement.reason}`, channel, ...flags].filter((word) => word !== '').join(' ')),
    ...faults.map(({ why }) => `fault: ${why}`),
    ...leftOut.map(({ why }) => `left out: ${why}`),
  ]
}

describe('a result of the laboratory', () => {
  it.each([
    ['lactate', '2524-7', '2.4', 'mmol/L', 'NOM_CONC_LACT=2.4'],
    ['lactate of whole blood', '32693-4', '2.4', 'mmol/L', 'NOM_CONC_LACT=2.4'],
    ['lactate of arterial blood', '2518-9', '2.4', 'mmol/L', 'NOM_CONC_LACT=2.4 arterial'],
    ['lactate of venous blood', '2519-7', '2.4', 'mmol/L', 'NOM_CONC_LACT=2.4 venous'],
    ['leukocytes', '6690-2', '12.6', '10*9/L', 'VIGIL_LAB_LEUKOCYTES=12.6'],
    ['leukocytes by thousands', '6690-2', '12.6', '10*3/uL', 'VIGIL_LAB_LEUKOCYTES=12.6'],
    ['leukocytes one by one', '26464-8', '12600', '/uL', 'VIGIL_LAB_LEUKOCYTES=12.6'],
    ['creatinine', '2160-0', '1.24', 'mg/dL', 'VIGIL_LAB_CREATININE=1.24'],
    ['creatinine in moles', '14682-9', '110', 'umol/L', 'VIGIL_LAB_CREATININE=1.2443'],
    ['platelets', '777-3', '98', '10^9/L', 'VIGIL_LAB_PLATELETS=98'],
    ['platelets, escaped', '777-3', '98', '10\\S\\3/uL', 'VIGIL_LAB_PLATELETS=98'],
    ['bilirubin', '1975-2', '2.1', 'mg/dL', 'VIGIL_LAB_BILIRUBIN=2.1'],
    ['bilirubin in moles', '14631-6', '34.2', 'µmol/L', 'VIGIL_LAB_BILIRUBIN=2'],
    ['carbon dioxide of arterial blood', '2019-8', '5.3', 'kPa', 'MDC_CONC_PCO2_ART=39.75 arterial'],
  ])('%s (%s)', (_, loinc, value, unit, expected) => {
    expect(told(DRAWN, obx(`${loinc}^X^LN`, value, unit))).toEqual([`${expected} episodic validated`])
  })

  it('may have a code of the house first and LOINC after it', () => {
    expect(told(DRAWN, obx('LACT^Lactate^L^2524-7^Lactate^LN', '2.4', 'mmol/L'))).toEqual(['NOM_CONC_LACT=2.4 episodic validated'])
  })

  it('is a fault where its unit is not what LOINC says is measured, is none, or is not converted', () => {
    expect(told(DRAWN, obx('2160-0^Creatinine^LN', '110', 'umol/L'))).toEqual(['fault: unit umol/L does not fit what the LOINC code measures'])
    expect(told(DRAWN, obx('777-3^Platelets^LN', '98', ''))).toEqual(['fault: no unit'])
    expect(told(DRAWN, obx('2524-7^Lactate^LN', '22', 'mg/dL'))).toEqual(['fault: unit mg/dL does not fit what the LOINC code measures'])
    expect(told(DRAWN, obx('777-3^Platelets^LN', '98', 'g/L'))).toEqual(['fault: unit g/L is not known'])
  })

  it('is of the time at which the blood was drawn: OBX-14, else OBR-7, and never that of the message', () => {
    const timeOf = (...segments: readonly string[]): string | null => {
      const [reading] = good(MSH, ...segments).readings
      return reading === undefined || reading.deviceAt === null ? null : `${isoOf(reading.deviceAt).slice(11, 16)} ${reading.flags.join(' ')}`
    }
    expect(timeOf(DRAWN, obx('2524-7^^LN', '2.4', 'mmol/L', 'R', '20260401090000+0200'))).toBe('07:00 episodic')
    expect(timeOf(DRAWN, obx('2524-7^^LN', '2.4', 'mmol/L', 'R'))).toBe('06:30 episodic')
    expect(told(obr('', ''), obx('2524-7^^LN', '2.4', 'mmol/L', 'R'))).toEqual(['NOM_CONC_LACT=2.4 questionable episodic'])
    expect(timeOf(obr('', ''), obx('2524-7^^LN', '2.4', 'mmol/L', 'R'))).toBeNull()
  })

  it.each([
    ['F', 'NOM_CONC_LACT=2.4 episodic validated'],
    ['P', 'NOM_CONC_LACT=2.4 questionable episodic'],
    ['X', 'NOM_CONC_LACT=device-invalid episodic'],
  ])('of status %s', (status, expected) => expect(told(DRAWN, obx('2524-7^^LN', '2.4', 'mmol/L', status))).toEqual([expected]))

  it('that is corrected is marked, and told as such', () => {
    expect(told(DRAWN, obx('2524-7^^LN', '2.4', 'mmol/L', 'C'))).toEqual(['NOM_CONC_LACT=2.4 questionable episodic', 'left out: corrected'])
  })

  it.each([
    ['Arterial blood', 'arterial'], ['Venous', 'venous'], ['Mixed venous', 'mixed-venous'], ['Capillary, arterialised', 'capillary'], ['Umbilical artery', 'other'],
    ['Serum', ''], ['Blood', ''], ['', ''], ['Urine', 'other'],
  ])('of %j is of channel %j', (specimen, channel) => {
    expect(good(MSH, obr('20260401083000+0200', specimen), obx('32693-4^^LN', '2.4', 'mmol/L')).readings[0]?.channel).toBe(channel)
  })
})

describe('a blood gas of Edan', () => {
  const row = (analyte: string, value: string, unit: string, check = 'Pass'): string => `OBX|8|ST|0|${analyte}|${value}|${unit}|0.50^1.60|↑|||||${check}|20250902190239||mfrs||||`
  const ARTERIAL = obr('', 'Arterial')

  it('has its analyte in OBX-4, and its metric by the blood it was', () => {
    expect(told(ARTERIAL, row('pH', '7.412', 'pH'), row('pCO2', '46', 'mmHg'), row('K+', '4.1', 'mmol/L'))).toEqual([
      'MDC_CONC_PH_ART=7.412 arterial episodic',
      'MDC_CONC_PCO2_ART=46 arterial episodic',
      'MDC_CONC_K_GEN=4.1 arterial episodic',
    ])
    expect(told(obr('', 'Venous'), row('pH', '7.3', 'pH'))).toEqual(['MDC_CONC_PH_VEN=7.3 venous episodic'])
    expect(told(obr('', ''), row('pH', '7.3', 'pH'))).toEqual(['MDC_CONC_PH_GEN=7.3 episodic'])
  })

  it('that its analyser does not stand by is doubted', () => {
    expect(told(ARTERIAL, row('Lac', '?2.6', 'mmol/L'))).toEqual(['NOM_CONC_LACT=2.6 arterial questionable episodic'])
    expect(told(ARTERIAL, row('Lac', '2.6', 'mmol/L', 'Fail'))).toEqual(['NOM_CONC_LACT=2.6 arterial questionable episodic'])
  })

  it('is nothing to a sender of another make', () => {
    expect(told(row('cHCO3', '25', 'mmol/L'))).toEqual(['left out: a code of no metric'])
    expect(told('OBX|1|NM|0|HR|80|/min')).toEqual(['left out: a code of no metric'])
  })
})

describe('a medicine given (RAS^O17)', () => {
  it('is no result, and is taken', () => {
    const frame = good(MSH.replace('ORU^R01^ORU_R01', 'RAS^O17^RAS_O17'), 'PID|||L-1||Oyelaran^Tunde', 'RXA|0|1|20260401091900||4332^norepinephrine^RXN|0.1|ug/kg/min')
    expect(frame).toMatchObject({ readings: [], faults: [], leftOut: [], given: [{ code: '4332', name: 'norepinephrine', dose: { amount: 0.1, unit: 'ug/kg/min' } }] })
    expect(latin1(frame.reply?.({ kind: 'stored' }) ?? new Uint8Array(0))).toContain('MSA|CA|L-1')
  })
})
