import { describe, expect, it } from 'vitest'
import hl7 from '../../drivers/hl7/driver.ts'
import { utf8 } from '../../src/codec/bytes.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import type { MedicationGiven } from '../../src/domain/reading.ts'
import { driverLimits } from '../../src/limits.ts'
import type { DriverSettings, Frame } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

const MSH = 'MSH|^~\\&|EMR|WARD|||20260401092000+0200||RAS^O17^RAS_O17|R-1|P|2.5.1'
const PID = 'PID|||9^^^LAB^LR~1001^^^HOSPITAL^MR||Oyelaran^Tunde'
const rxa = (over: Readonly<Record<number, string>> = {}): string => {
  const fields = ['RXA', '0', '1', '20260401091900+0200', '', 'C01CA03^Norepinephrine^ATC', '0.1', 'ug/kg/min', ...Array.from({ length: 14 }, () => '')]
  for (const [field, text] of Object.entries(over)) fields[Number(field)] = text
  return fields.join('|')
}

function frameOf(lines: readonly string[], settings: DriverSettings = {}): Frame {
  const [frame] = framesOf(hl7.open(settings), [mllpFrame(utf8([MSH, ...lines].join('\r')))])
  if (frame === undefined) throw new Error('no frame')
  return frame
}
function goodOf(lines: readonly string[], settings: DriverSettings = {}): Frame & { kind: 'good' } {
  const frame = frameOf(lines, settings)
  if (frame.kind !== 'good') throw new Error(`${frame.kind}: ${frame.why}`)
  return frame
}
const givenOf = (...lines: readonly string[]): readonly MedicationGiven[] => goodOf([PID, ...lines]).given ?? []
/** The one dose of one RXA, or why there is none. */
function told(over: Readonly<Record<number, string>>): { readonly given: MedicationGiven | undefined; readonly faults: readonly string[] } {
  const { given = [], faults } = goodOf([PID, 'ORC|RE|77', rxa(over)])
  return { given: given[0], faults: faults.map(({ why, at }) => `${at}: ${why}`) }
}

describe('a medicine given', () => {
  it('says what, how much, by what route, when, and of which order; the patient is that of the message', () => {
    const frame = goodOf([PID, 'PV1||I|ICU^^4', 'ORC|RE|77', rxa({ 4: '20260401092900+0200', 20: 'CP', 21: 'A' }), 'RXR|IV^Intravenous^HL70162'])
    expect(frame.given).toEqual([{
      id: '77/1', code: 'C01CA03', system: 'ATC', name: 'Norepinephrine', dose: { amount: 0.1, unit: 'ug/kg/min' }, route: 'IV',
      from: Date.UTC(2026, 3, 1, 7, 19), until: Date.UTC(2026, 3, 1, 7, 29), status: 'complete', action: 'added', flags: [],
    }])
    expect(frame).toMatchObject({ identity: { mrn: '1001' }, sender: { name: 'EMR', location: null }, readings: [], faults: [] })
  })

  it('is of the patient\'s number of the authority that is set', () => {
    expect(goodOf([PID, rxa()], { authority: 'LAB' }).identity?.mrn).toBe('9')
    expect(goodOf([PID, rxa()], { authority: 'OTHER' }).identity).toEqual({ mrn: null, name: 'Oyelaran, Tunde' })
  })

  it('has the route behind it, else the one that the order had before', () => {
    const given = givenOf('ORC|RE|1', 'RXR|PO', rxa(), rxa(), 'RXR|IV', 'ORC|RE|2', 'RXR|SC', rxa(), 'ORC|RE|3', rxa())
    expect(given.map(({ id, route }) => `${id} ${route}`)).toEqual(['1/1 IV', '1/1 IV', '2/1 SC', '3/1 '])
  })

  it.each([['', 'not-said'], ['CP', 'complete'], ['PA', 'partial'], ['RE', 'refused'], ['NA', 'not-given']])('with RXA-20 %j is %s', (field, status) => {
    expect(told({ 20: field }).given?.status).toBe(status)
  })

  it.each([['', 'added'], ['A', 'added'], ['U', 'updated'], ['D', 'deleted']])('with RXA-21 %j is %s', (field, action) => {
    expect(told({ 21: field }).given?.action).toBe(action)
  })

  it.each([
    [{ 5: '' }, 'RXA 1, field 5: no medicine'],
    [{ 20: 'XX' }, 'RXA 1, field 20: status XX is not known'],
    [{ 21: 'X' }, 'RXA 1, field 21: action X is not known'],
  ])('that is not understood is told of, and is none: %j', (over, why) => {
    expect(told(over)).toEqual({ given: undefined, faults: [why] })
  })

  it.each([
    [{ 6: '', 7: 'mg' }, []],
    [{ 6: '5', 7: '' }, ['RXA 1, field 7: no unit']],
    [{ 6: '?5' }, ['RXA 1, field 6: no amount that could be given']],
    [{ 6: '-5' }, ['RXA 1, field 6: no amount that could be given']],
    [{ 6: '1,500' }, ['RXA 1, field 6: a comma that may part decimals or thousands']],
    [{ 6: 'some' }, ['RXA 1, field 6: not a number']],
  ])('without an amount and its unit has no dose: %j', (over, faults) => {
    const { given, faults: said } = told(over)
    expect([given?.dose, said]).toEqual([undefined, faults])
  })

  it('of a rate says per what', () => {
    expect(told({ 6: '4', 7: '[iU]^^UCUM', 12: '/h^^UCUM' }).given?.dose).toEqual({ amount: 4, unit: '[iU]', per: '/h' })
  })

  it('at a time that is none is told of, and has none', () => {
    expect(told({ 3: '2026040' })).toMatchObject({ given: { from: null }, faults: ['RXA 1, field 3: is no HL7 time'] })
  })

  it('of a demonstration or a test is marked', () => {
    const [frame] = framesOf(hl7.open({}), [mllpFrame(utf8([MSH.replace('|P|', '|T|'), PID, rxa()].join('\r')))])
    expect(frame?.kind === 'good' && frame.given?.[0]?.flags).toEqual(['test'])
  })

  it('is also what older senders call RAS^O01', () => {
    const [frame] = framesOf(hl7.open({}), [mllpFrame(utf8([MSH.replace('RAS^O17^RAS_O17', 'RAS^O01'), PID, rxa()].join('\r')))])
    expect(frame?.kind === 'good' && frame.given?.length).toBe(1)
  })

  it('is refused in a message without any, of two patients, or with more than there are', () => {
    const why = (...lines: readonly string[]): string => {
      const frame = frameOf(lines)
      return frame.kind === 'quarantined' ? frame.why : frame.kind
    }
    const many = (count: number): string[] => Array.from({ length: count }, () => rxa())
    expect(why(PID, 'ORC|RE|77')).toBe('RXA is not there')
    expect(why(PID, rxa(), 'PID|||1002', rxa())).toBe('several patients in one message')
    expect(givenOf(...many(driverLimits.hl7GivenPerMessageMax))).toHaveLength(driverLimits.hl7GivenPerMessageMax)
    expect(why(PID, ...many(driverLimits.hl7GivenPerMessageMax + 1))).toBe(`more than ${driverLimits.hl7GivenPerMessageMax} medicines in one message`)
  })
})
