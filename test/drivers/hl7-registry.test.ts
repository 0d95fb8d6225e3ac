import { describe, expect, it } from 'vitest'
import hl7 from '../../drivers/hl7/driver.ts'
import { utf8 } from '../../src/codec/bytes.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import type { PatientFact } from '../../src/domain/reading.ts'
import { isoOf } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { DriverSettings, Frame } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

const header = (event: string, over: { readonly sender?: string; readonly at?: string; readonly processing?: string } = {}): string =>
  `MSH|^~\\&|${over.sender ?? 'HIS'}|HOSPITAL|||${over.at ?? '20260401101500+0200'}||ADT^${event}|7|${over.processing ?? 'P'}|2.6`
const RECORDED = 'EVN||20260401101400'
const PID = 'PID|||1001^^^HOSPITAL^MR||Quist^Pelle||19620401|M'
const pv1 = (place: string, visit = ''): string => `PV1|1|I|${place}${visit === '' ? '' : `||||||||||||||||${visit}`}`

function frameOf(lines: readonly string[], settings: DriverSettings = {}): Frame {
  const [frame, ...rest] = framesOf(hl7.open(settings), [mllpFrame(utf8(lines.join('\r')))])
  if (frame === undefined || rest.length > 0) throw new Error('not one frame')
  return frame
}
function goodOf(lines: readonly string[], settings: DriverSettings = {}): Frame & { kind: 'good' } {
  const frame = frameOf(lines, settings)
  if (frame.kind !== 'good') throw new Error(`${frame.kind}: ${frame.why}`)
  return frame
}
function factOf(lines: readonly string[], settings: DriverSettings = {}): PatientFact {
  const [fact, ...rest] = goodOf(lines, settings).facts ?? []
  if (fact === undefined || rest.length > 0) throw new Error('not one fact')
  return fact
}
const when = ({ effectiveAt }: PatientFact): string | null => (effectiveAt === null ? null : isoOf(effectiveAt))
const whyOf = (lines: readonly string[], settings: DriverSettings = {}): string => {
  const frame = frameOf(lines, settings)
  return frame.kind === 'quarantined' ? frame.why : frame.kind
}
const answerOf = (frame: Frame): string => {
  const bytes = frame.kind === 'skipped' ? null : frame.reply?.({ kind: 'stored' })
  return new TextDecoder().decode(bytes ?? new Uint8Array()).split('\r').find((line) => line.startsWith('MSA')) ?? ''
}
const faultsOf = (lines: readonly string[], settings: DriverSettings = {}): readonly string[] => goodOf(lines, settings).faults.map(({ why, at }) => `${at}: ${why}`)

describe('an event of the registry', () => {
  const PATIENT = { mrn: '1001', name: 'Quist, Pelle', bornOn: '1962-04-01', sex: 'M' }
  it.each([
    ['A01', { kind: 'admitted', location: 'ICU^1^2' }],
    ['A02', { kind: 'transferred', location: 'ICU^1^2', prior: null }],
    ['A03', { kind: 'discharged', location: 'ICU^1^2' }],
    ['A04', { kind: 'admitted', location: 'ICU^1^2' }],
    ['A05', { kind: 'updated', location: null }],
    ['A06', { kind: 'updated', location: 'ICU^1^2' }],
    ['A07', { kind: 'updated', location: 'ICU^1^2' }],
    ['A08', { kind: 'updated', location: 'ICU^1^2' }],
    ['A11', { kind: 'cancelled', what: 'admitted', location: null }],
    ['A12', { kind: 'cancelled', what: 'transferred', location: 'ICU^1^2' }],
    ['A13', { kind: 'cancelled', what: 'discharged', location: 'ICU^1^2' }],
    ['A21', { kind: 'away', location: 'ICU^1^2' }],
    ['A22', { kind: 'returned', location: 'ICU^1^2' }],
    ['A31', { kind: 'updated', location: 'ICU^1^2' }],
  ])('%s is a fact', (event, expected) => {
    const frame = goodOf([header(event), RECORDED, PID, pv1('ICU^1^2', 'V-1')])
    expect(frame.facts).toEqual([{ effectiveAt: Date.UTC(2026, 3, 1, 8, 14), visit: 'V-1', patient: PATIENT, ...expected }])
    expect([frame.readings, frame.faults, frame.leftOut]).toEqual([[], [], []])
    expect(answerOf(frame)).toBe('MSA|AA|7')
  })

  it('is of no device: neither its place nor its patient is that of who sent it', () => {
    expect(goodOf([header('A01'), RECORDED, PID, pv1('ICU^1^2')])).toMatchObject({ sender: { name: 'HIS', location: null }, identity: null })
  })

  it('says where the patient was before', () => {
    expect(factOf([header('A02'), RECORDED, PID, 'PV1||I|ICU^1^2|||ER^^7'])).toMatchObject({ prior: 'ER^^7' })
  })

  it('may have no structure in MSH-9, or all of it in EVN-1', () => {
    expect(factOf([header('A01^ADT_A01'), RECORDED, PID, pv1('ICU^^2')]).kind).toBe('admitted')
    expect(factOf([header('').replace('ADT^', 'ADT'), 'EVN|A03|20260401101400', PID, pv1('ICU^^2')]).kind).toBe('discharged')
  })

  it('that EVN-1 calls another is told, and is what MSH-9 says', () => {
    const lines = [header('A01'), 'EVN|A04|20260401101400', PID, pv1('ICU^^2')]
    expect([factOf(lines).kind, faultsOf(lines)]).toEqual(['admitted', ['EVN-1: says event A04, and MSH-9 A01']])
  })

  it.each(['A09', 'A10', 'A14', 'A16', 'A20', 'A24', 'A28', 'A29', 'A38', 'A60', 'A62'])('%s is about no bed: taken, and passed by', (event) => {
    const frame = goodOf([header(event), RECORDED, PID])
    expect([frame.facts, frame.leftOut?.length, answerOf(frame)]).toEqual([undefined, 1, 'MSA|AA|7'])
  })

  it.each(['A00', 'A63', 'A99', 'B01', ''])('%j is none: refused, with the field named', (event) => {
    const frame = frameOf([header(event), 'EVN||20260401101400', PID])
    expect([frame.kind, answerOf(frame)]).toEqual(['quarantined', expect.stringMatching(/^MSA\|AR\|7\|MSH-9: event .* is not known$/)])
  })

  it('without a patient is refused, with the field named', () => {
    expect(whyOf([header('A01'), RECORDED, pv1('ICU^^2')])).toBe('PID is not there')
    expect(whyOf([header('A01'), RECORDED, 'PID|||||Quist^Pelle', pv1('ICU^^2')])).toBe('PID-3: no number of the patient')
    expect(whyOf([header('A01'), RECORDED, 'PID|||""||Quist^Pelle', pv1('ICU^^2')])).toBe('PID-3: no number of the patient')
  })

  it('of a patient whose place it does not say is a fact without one, and a fault that names the field', () => {
    for (const lines of [[header('A01'), RECORDED, PID], [header('A01'), RECORDED, PID, 'PV1||I'], [header('A02'), RECORDED, PID, pv1('')]]) {
      expect([factOf(lines), faultsOf(lines)]).toEqual([expect.objectContaining({ location: null }), ['PV1-3: no place']])
    }
    for (const event of ['A04', 'A08', 'A22']) expect(faultsOf([header(event), RECORDED, PID])).toEqual([])
  })

  it('may name a ward and no bed', () => {
    const lines = [header('A03'), RECORDED, PID, 'PV1||I|6402DH^^^^^^^^MED. 1 - ONCOLOGIA^^OSPEDALE']
    expect([factOf(lines), faultsOf(lines)]).toEqual([expect.objectContaining({ location: '6402DH^^' }), []])
  })

  it('of two patients, or of two places, is refused where one is meant', () => {
    expect(whyOf([header('A01'), RECORDED, PID, pv1('ICU^^2'), PID.replace('1001', '1002'), pv1('ICU^^3')])).toBe('several patients in one message')
    expect(whyOf([header('A01'), RECORDED, PID, pv1('ICU^^2'), pv1('ICU^^3')])).toBe('several places for one patient')
    expect(whyOf([header('A01'), RECORDED, pv1('ICU^^2'), PID])).toBe('PV1 stands before PID')
    expect(whyOf([header('A01'), RECORDED, PID, header('A03'), PID])).toBe('two messages in one frame')
  })

  it('with segments twice says them once', () => {
    expect(factOf([header('A01'), RECORDED, RECORDED, PID, PID, pv1('ICU^^2'), pv1('ICU^^2')])).toMatchObject({ kind: 'admitted', location: 'ICU^^2' })
  })

  it.each(['T', 'D'])('marked %s moves nobody', (processing) => {
    const frame = goodOf([header('A01', { processing }), RECORDED, PID, pv1('ICU^^2')])
    expect([frame.facts, frame.leftOut?.length]).toEqual([undefined, 1])
  })

  it('may bring observations, which are none of a monitor', () => {
    const frame = goodOf([header('A08'), RECORDED, PID, pv1('ICU^^2'), 'OBX|1|NM|8302-2^Body height^LN||181|cm|||||F'])
    expect([frame.facts?.length, frame.readings, frame.leftOut?.length]).toEqual([1, [], 1])
  })
})

describe('when it became so', () => {
  const came = (event: string, recorded: string, visit = 'PV1||I|ICU^^2'): string | null => when(factOf([header(event), recorded, PID, visit]))
  const PV1_44 = `PV1||I|ICU^^2${'|'.repeat(41)}20260401090000|20260401093000`

  it('is EVN-6, else the admission or the discharge, else EVN-2, else MSH-7', () => {
    expect(came('A01', 'EVN||20260401101400|||OP|20260401085900', PV1_44)).toBe('2026-04-01T06:59:00.000Z')
    expect(came('A01', RECORDED, PV1_44)).toBe('2026-04-01T07:00:00.000Z')
    expect(came('A03', RECORDED, PV1_44)).toBe('2026-04-01T07:30:00.000Z')
    expect(came('A02', RECORDED, PV1_44)).toBe('2026-04-01T08:14:00.000Z')
    expect(came('A01', 'EVN|A01')).toBe('2026-04-01T08:15:00.000Z')
    expect(when(factOf([header('A01', { at: '' }), 'EVN|A01', PID, pv1('ICU^^2')]))).toBe(null)
  })

  it('has the zone that it states, else that of MSH-7, else that of the setting', () => {
    expect(came('A01', 'EVN||20260401101400-0500')).toBe('2026-04-01T15:14:00.000Z')
    expect(came('A01', 'EVN||20260401101400')).toBe('2026-04-01T08:14:00.000Z')
    const bare = [header('A01', { at: '20260401101500' }), RECORDED, PID, pv1('ICU^^2')]
    expect(when(factOf(bare, { zone: 'Europe/Berlin' }))).toBe('2026-04-01T08:14:00.000Z')
    expect(when(factOf(bare))).toBe('2026-04-01T10:14:00.000Z')
  })

  it('is told as broken where it is no time, and the next best is taken', () => {
    const lines = [header('A01'), 'EVN||20260401101400|||OP|202613', PID, pv1('ICU^^2')]
    expect([when(factOf(lines)), faultsOf(lines)]).toEqual(['2026-04-01T08:14:00.000Z', ['EVN-6: is no HL7 time']])
  })

  it.each(['20260401', '202604', '2026', '20260401+0200'])('is no day alone, or the values of that morning were given to who came at noon: %s', (day) => {
    const lines = [header('A01'), `EVN||20260401101400|||OP|${day}`, PID, pv1('ICU^^2')]
    expect([when(factOf(lines)), faultsOf(lines)]).toEqual(['2026-04-01T08:14:00.000Z', ['EVN-6: is a day without a time']])
  })
})

describe('the patient', () => {
  const numberIn = (field: string, settings: DriverSettings = {}): string | null => {
    const frame = frameOf([header('A08'), RECORDED, `PID|||${field}||Quist^Pelle`, pv1('ICU^^2')], settings)
    const [fact] = frame.kind === 'good' ? (frame.facts ?? []) : []
    return fact !== undefined && 'patient' in fact ? fact.patient.mrn : null
  }

  it('of several numbers has the one of type MR, else the first', () => {
    expect(numberIn('0042^^^LAB^LR~1001^^^HOSPITAL^MR~9^^^X^PI')).toBe('1001')
    expect(numberIn('0042^^^LAB^LR~1001^^^HOSPITAL^PI')).toBe('0042')
    expect(numberIn('^^^LAB^LR~1001')).toBe('1001')
    expect(numberIn('""~1001')).toBe('1001')
    expect(numberIn('10\\T\\01&x^^^A')).toBe('10&01')
  })

  it('has the number of the authority that is set, by name or by id, and no other', () => {
    const field = '0042^^^LAB^MR~1001^^^CITY HOSPITAL&1.2.3&ISO^PI'
    expect(numberIn(field, { authority: 'CITY_HOSPITAL' })).toBe('1001')
    expect(numberIn(field, { authority: '1.2.3' })).toBe('1001')
    expect(numberIn(field, { authority: 'CITY' })).toBe(null)
    expect(whyOf([header('A08'), RECORDED, `PID|||${field}`], { authority: 'CITY' })).toBe('PID-3: no number of the authority that is set')
  })

  it('has no number that is longer than any', () => {
    expect(numberIn('1'.repeat(driverLimits.jsonTextCharsMax))).toBe('1'.repeat(driverLimits.jsonTextCharsMax))
    expect(numberIn('1'.repeat(driverLimits.jsonTextCharsMax + 1))).toBe(null)
  })

  it.each([
    ['19620401', '1962-04-01'], ['196204', '1962-04'], ['1962', '1962'], ['196204010830+0200', '1962-04-01'], ['20000229', '2000-02-29'],
    ['00000000', undefined], ['', undefined], ['19620230', 'fault'], ['19621301', 'fault'], ['01.04.1962', 'fault'], ['00620401', 'fault'],
  ])('born %j is %s', (field, expected) => {
    const lines = [header('A08'), RECORDED, `PID|||1001||Quist^Pelle||${field}|F`]
    const fact = factOf(lines)
    const born = 'patient' in fact ? fact.patient.bornOn : null
    expect(faultsOf(lines).length > 0 ? 'fault' : born).toBe(expected)
  })

  it.each([['F', 'F'], ['m', 'M'], ['O', 'O'], ['A', 'O'], ['U', undefined], ['N', undefined], ['', undefined], ['X', undefined]])('PID-8 %j is %s', (field, expected) => {
    const fact = factOf([header('A08'), RECORDED, `PID|||1001||Quist^Pelle|||${field}`])
    expect('patient' in fact ? fact.patient.sex : null).toBe(expected)
  })

  it('has a visit: PV1-19, else PID-18', () => {
    expect(factOf([header('A01'), RECORDED, PID, pv1('ICU^^2', 'V-9')]).visit).toBe('V-9')
    expect(factOf([header('A01'), RECORDED, `${PID}||||||||||C-7`, pv1('ICU^^2')]).visit).toBe('C-7')
    expect(factOf([header('A01'), RECORDED, PID, pv1('ICU^^2')]).visit).toBe(null)
  })

  it('loses what two quotation marks take away, and keeps what is empty', () => {
    const gone = factOf([header('A08'), RECORDED, 'PID|||1001||""||""|""', `PV1||I|""${'|'.repeat(16)}""`])
    expect(gone).toMatchObject({ erased: ['name', 'bornOn', 'sex', 'visit', 'location'], location: null, visit: null })
    expect(factOf([header('A08'), RECORDED, 'PID|||1001', pv1('""^""^""')])).toMatchObject({ erased: ['location'], location: null })
    expect(factOf([header('A08'), RECORDED, 'PID|||1001', pv1('ICU^""^2')])).toMatchObject({ location: 'ICU^^2' })
    expect(factOf([header('A08'), RECORDED, 'PID|||1001', pv1('')])).not.toHaveProperty('erased')
    expect(faultsOf([header('A02'), RECORDED, 'PID|||1001', pv1('""')])).toEqual([])
  })
})

describe('two patients', () => {
  const OTHER = 'PID|||1002||Dahl^Runa'

  it('who take each other\'s bed are one fact', () => {
    const fact = factOf([header('A17'), RECORDED, PID, pv1('ICU^^3', 'V-1'), OTHER, pv1('ICU^^2', 'V-2')])
    expect(fact).toMatchObject({ kind: 'swapped', patients: [{ patient: { mrn: '1001' }, location: 'ICU^^3', visit: 'V-1' }, { patient: { mrn: '1002' }, location: 'ICU^^2', visit: 'V-2' }] })
  })

  it.each([
    ['one', [PID, pv1('ICU^^3')]],
    ['three', [PID, pv1('ICU^^3'), OTHER, pv1('ICU^^2'), PID.replace('1001', '1003'), pv1('ICU^^4')]],
    ['the same one', [PID, pv1('ICU^^3'), PID.replace('Pelle', 'P.'), pv1('ICU^^2')]],
  ])('are two: a swap of %s is refused', (_, body) => {
    expect(whyOf([header('A17'), RECORDED, ...body])).toBe('PID: a swap is of two patients')
  })

  it.each(['A18', 'A34', 'A36', 'A40', 'A47'])('who are one are merged by %s', (event) => {
    expect(factOf([header(event), RECORDED, PID, 'MRG|9001^^^HOSPITAL^MR'])).toMatchObject({ kind: 'merged', patient: { mrn: '1001' }, prior: '9001' })
  })

  it('may be many pairs, and one person may have had several numbers', () => {
    const { facts } = goodOf([header('A40'), RECORDED, PID, 'MRG|9001', PID, 'MRG|9003', OTHER, pv1('ICU^^1'), 'MRG|9002', pv1('ICU^^1')])
    expect(facts?.map((fact) => (fact.kind === 'merged' ? [fact.patient.mrn, fact.prior] : []))).toEqual([['1001', '9001'], ['1001', '9003'], ['1002', '9002']])
  })

  it('are merged all or none', () => {
    expect(whyOf([header('A40'), RECORDED, PID, 'MRG|9001', OTHER])).toBe('MRG is not there')
    expect(whyOf([header('A40'), RECORDED, PID, 'MRG|9001', OTHER, 'MRG|'])).toBe('MRG-1: no number of the patient')
    expect(whyOf([header('A40'), RECORDED, PID, 'MRG|1001'])).toBe('MRG-1: the same number as PID-3')
    expect(whyOf([header('A40'), RECORDED, 'MRG|9001', PID])).toBe('MRG stands before PID')
  })

  it('are at most so many in one message', () => {
    const pairs = (count: number): string[] => Array.from({ length: count }, (_, index) => [`PID|||${index}`, `MRG|9${index}`]).flat()
    expect(goodOf([header('A40'), RECORDED, ...pairs(driverLimits.hl7PatientsPerMessageMax)]).facts).toHaveLength(driverLimits.hl7PatientsPerMessageMax)
    expect(whyOf([header('A40'), RECORDED, ...pairs(driverLimits.hl7PatientsPerMessageMax + 1)])).toBe(`more than ${driverLimits.hl7PatientsPerMessageMax} patients in one message`)
  })

  it('may have had one\'s visit taken for the other\'s', () => {
    const { facts } = goodOf([header('A45'), RECORDED, OTHER, 'MRG|1001||||V-1', pv1('ICU^^3', 'V-1'), 'MRG|1001||||V-7'])
    expect(facts).toMatchObject([{ kind: 'visit-moved', patient: { mrn: '1002' }, prior: '1001', visit: 'V-1' }, { kind: 'visit-moved', visit: 'V-7' }])
    expect(whyOf([header('A45'), RECORDED, OTHER, 'MRG|1001'])).toBe('PV1-19: no number of the visit')
  })
})

describe('ADT of a monitor', () => {
  const SPOT = ['OBX||NM|149522^MDC_PULS_RATE^MDC|1.0.0.149522|60|264864^MDC_DIM_BEAT_PER_MIN^MDC||||||F|||20260726231331+0800', 'OBX||NM|2010^COMEN_AGE^99COMEN||126||||||F']

  it('gives its values, says who is asserted to be there, and moves nobody', () => {
    const frame = goodOf(['MSH|^~\\&||KC575235977G|||20260726231332+0800||ADT^A08|1|P|2.6', 'PID|||7001||Aas^Liv', 'PV1||I|^^&24|0', ...SPOT])
    expect(frame).toMatchObject({ sender: { name: 'KC575235977G', location: '^^&24' }, identity: { mrn: '7001', name: 'Aas, Liv' } })
    expect([frame.readings.map(({ metric }) => metric.id), frame.facts]).toEqual([['MDC_PULS_RATE'], undefined])
  })

  it.each(['MINDRAY_N_SERIES', 'COMEN', 'Efficia', 'PIIC iX'])('%s is known by its name where it measures nothing', (sender) => {
    const frame = goodOf([header('A01', { sender }), RECORDED, PID, pv1('ICU^^5')])
    expect([frame.facts, frame.identity?.mrn]).toEqual([undefined, '1001'])
  })

  it('is not ADT of a Philips information system', () => {
    expect(factOf([header('A01', { sender: 'Philips.CIS.CDS.MMS' }), RECORDED, PID, pv1('W1^12^12')]).kind).toBe('admitted')
  })
})
