import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import hl7 from '../../drivers/hl7/driver.ts'
import { type Asking, type RegistryAnswer, type RegistryQuestion, readRegistryAnswer, registryQuery } from '../../drivers/hl7/query.ts'
import { utf8 } from '../../src/codec/bytes.ts'
import { readHl7 } from '../../src/codec/hl7.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import { wallMs } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import { framesOf } from '../contract/driver.ts'

const ASKING: Asking = { dialect: 'A19', controlId: 'Q1', at: wallMs(Date.UTC(2026, 3, 1, 8, 15)), application: 'HIS', facility: 'CITY', authority: '' }
const BY_NUMBER: RegistryQuestion = { by: 'number', number: '1001' }
const asked = (question: RegistryQuestion, over: Partial<Asking> = {}): readonly string[] => new TextDecoder().decode(registryQuery(question, { ...ASKING, ...over })).split('\r')

describe('a question to the registry', () => {
  it('is QRY^A19 of 2.3', () => {
    expect(asked(BY_NUMBER)).toEqual(['MSH|^~\\&|VIGIL||HIS|CITY|20260401081500+0000||QRY^A19|Q1|P|2.3||||||UNICODE UTF-8', 'QRD|20260401081500+0000|R|I|Q1|||10^RD|1001|DEM|ALL|', ''])
    expect(asked(BY_NUMBER, { authority: 'CITY' })[1]).toContain('|1001^^^^^^^^CITY|DEM|')
    expect(asked({ by: 'name', family: 'Quist', given: 'Pelle' })[1]).toContain('|^Quist^Pelle|DEM|')
    expect(asked({ by: 'location', location: 'ICU^^2' })[1]).toContain('|ALL|ANU|ICU|2')
    expect(asked({ by: 'location', location: 'ICU^1^2&A' })[1]).toContain('|ALL|ANU|ICU|1^2&A')
  })

  it('is QBP^Q22 of 2.5', () => {
    expect(asked(BY_NUMBER, { dialect: 'Q22' })).toEqual(['MSH|^~\\&|VIGIL||HIS|CITY|20260401081500+0000||QBP^Q22^QBP_Q21|Q1|P|2.5||||||UNICODE UTF-8', 'QPD|IHE PDQ Query|Q1|@PID.3.1^1001', 'RCP|I|10^RD', ''])
    expect(asked(BY_NUMBER, { dialect: 'Q22', authority: 'CITY' })[1]).toContain('@PID.3.1^1001~@PID.3.4.1^CITY')
    expect(asked({ by: 'name', family: 'Quist', given: '' }, { dialect: 'Q22' })[1]).toBe('QPD|IHE PDQ Query|Q1|@PID.5.1.1^Quist')
    expect(asked({ by: 'location', location: 'ICU^^2' }, { dialect: 'Q22' })[1]).toBe('QPD|IHE PDQ Query|Q1|@PV1.3.1^ICU~@PV1.3.3^2')
  })

  it('whatever is typed stays within its field', () => {
    const word = fc.string({ unit: fc.constantFrom('|', '^', '~', '\\', '&', '\r', '\n', '\u000b', '\u001c', 'A', '1', 'ü'), maxLength: 12 })
    fc.assert(
      fc.property(word, word, fc.constantFrom('A19' as const, 'Q22' as const), (family, given, dialect) => {
        const read = readHl7(registryQuery({ by: 'name', family, given }, { ...ASKING, dialect }), { segmentsMax: 10 })
        if (read.kind === 'broken') throw new Error(read.why)
        const { segments } = read.message
        expect(segments.map(({ id }) => id)).toEqual(dialect === 'A19' ? ['MSH', 'QRD'] : ['MSH', 'QPD', 'RCP'])
        const clean = (text: string): string => Array.from(text, (letter) => (letter < ' ' ? ' ' : letter)).join('').trim()
        if (dialect === 'A19') expect([segments[1]?.value(8, 2), segments[1]?.value(8, 3), segments[1]?.field(9)]).toEqual([clean(family), clean(given), 'DEM'])
      }),
    )
  })
})

describe('the answer of the registry', () => {
  const answer = (lines: readonly string[], question: RegistryQuestion = BY_NUMBER, authority = ''): RegistryAnswer | null =>
    readRegistryAnswer(utf8(lines.join('\r')), { controlId: 'Q1', authority, question })
  const ADR = 'MSH|^~\\&|HIS|CITY|VIGIL||20260401101500+0200||ADR^A19|r|P|2.3'
  const RSP = 'MSH|^~\\&|HIS|CITY|VIGIL||20260401101500+0200||RSP^K22^RSP_K22|r|P|2.5'
  const PID = 'PID|1||0042^^^LAB^LR~1001^^^CITY^MR||Quist^Pelle||19620401|M'
  const FOUND = { identity: { mrn: '1001', name: 'Quist, Pelle', bornOn: '1962-04-01', sex: 'M' }, location: 'ICU^^2', visit: 'V-1' }

  it.each([[ADR, 'QRD|x|R|I|Q1'], [RSP, 'QPD|IHE PDQ Query|Q1']])('%s says who it is, and where', (header, definition) => {
    expect(answer([header, 'MSA|AA|Q1', 'QAK|Q1|OK', definition, PID, `PV1||I|ICU^^2${'|'.repeat(16)}V-1`])).toEqual({ kind: 'found', patients: [FOUND], isMore: false })
    expect(answer([header, 'MSA|AA|Q1', 'QAK|Q1|NF', definition])).toEqual({ kind: 'nobody' })
    expect(answer([header, 'MSA|AA|Q1', definition])).toEqual({ kind: 'nobody' })
  })

  it('is believed of a number when it has that number, and not when it is alike', () => {
    const other = PID.replace('1001', '10011')
    expect(answer([ADR, 'MSA|AA|Q1', other])).toEqual({ kind: 'nobody' })
    expect(answer([ADR, 'MSA|AA|Q1', other, PID])).toMatchObject({ kind: 'found', patients: [{ identity: { mrn: '1001' } }] })
    expect(answer([ADR, 'MSA|AA|Q1', other, PID], { by: 'name', family: 'Quist', given: '' })).toMatchObject({ patients: [{}, {}] })
  })

  it('may be found by the number of the visit', () => {
    const byVisit = { by: 'number', number: 'V-1' } as const
    expect(answer([ADR, 'MSA|AA|Q1', PID, `PV1||I|ICU^^2${'|'.repeat(16)}V-1`], byVisit)).toMatchObject({ kind: 'found', patients: [{ identity: { mrn: '1001' } }] })
    expect(answer([ADR, 'MSA|AA|Q1', `${PID}||||||||||V-1`], byVisit)).toMatchObject({ kind: 'found' })
  })

  it('gives the number of the authority that is meant', () => {
    expect(answer([ADR, 'MSA|AA|Q1', PID], BY_NUMBER, 'LAB')).toMatchObject({ patients: [{ identity: { mrn: '0042' } }] })
  })

  it.each([
    [[ADR, 'MSA|AE|Q1'], 'The registry could not answer (AE).'],
    [[ADR, 'MSA|AR|Q1', 'ERR|^^^207&Quist, Pelle'], 'The registry refuses the question (AR, error 207).'],
    [[RSP, 'MSA|AA|Q1', 'ERR||QPD^1^3|204^Unknown key identifier^HL70357|E', 'QAK|Q1|AE'], 'The registry could not answer (AE, error 204).'],
    [[RSP, 'MSA|AA|Q1', 'QAK|Q1|AR'], 'The registry refuses the question (AR).'],
    [[RSP, 'MSA|AA|Q1', 'QAK|Q1|Quist was here'], 'The registry refuses the question (–).'],
    [['MSH|^~\\&|||||||ACK|r|P|2.5', 'MSA|CR|Q1', 'ERR|||101^Required field missing'], 'The registry refuses the question (CR, error 101).'],
    [[RSP, 'MSA|AA|Q1', 'QAK|Q0|OK', PID], 'The registry answers another question.'],
  ])('%j is a sentence, in which nobody\'s name stands', (lines, why) => {
    expect(answer(lines)).toEqual({ kind: 'refused', why })
  })

  it.each([
    ['of another question', [ADR, 'MSA|AA|Q2', PID]],
    ['that one will come', ['MSH|^~\\&|||||||ACK|r|P|2.5', 'MSA|CA|Q1']],
    ['of nothing', [ADR, PID]],
    ['that is no HL7', ['hello']],
  ])('is not a word %s', (_, lines) => {
    expect(answer(lines)).toBe(null)
  })

  it('has at most so many patients, and says that there are others', () => {
    const people = (count: number): string[] => Array.from({ length: count }, (_, index) => `PID|||${index}||Quist^${index}`)
    const byName = { by: 'name', family: 'Quist', given: '' } as const
    const max = driverLimits.hl7PatientsPerMessageMax
    expect(answer([ADR, 'MSA|AA|Q1', ...people(max)], byName)).toMatchObject({ isMore: false, patients: { length: max } })
    expect(answer([ADR, 'MSA|AA|Q1', ...people(max + 1)], byName)).toMatchObject({ isMore: true, patients: { length: max } })
    expect(answer([ADR, 'MSA|AA|Q1', PID, 'DSC|77'], byName)).toMatchObject({ isMore: true })
    // Of those that are like a number the right one may be among the others: nobody may be told that there is none.
    expect(answer([ADR, 'MSA|AA|Q1', ...people(3), 'DSC|77'])).toMatchObject({ kind: 'refused' })
  })

  it('is read whatever came: it never throws', () => {
    const line = fc.constantFrom(ADR, RSP, PID, 'MSA|AA|Q1', 'QAK|Q1|OK', 'PID', 'PV1', 'ERR', 'DSC|', 'MSA', 'QAK')
    fc.assert(fc.property(fc.array(line, { maxLength: 8 }), fc.string(), (lines, tail) => void answer([...lines, tail])))
  })
})

describe('a monitor that asks us for patients', () => {
  const answersTo = (text: string): readonly string[] => {
    const [frame] = framesOf(hl7.open({}), [mllpFrame(utf8(text))])
    const bytes = frame?.kind === 'good' ? frame.reply?.({ kind: 'stored' }) : null
    return new TextDecoder().decode(bytes ?? new Uint8Array()).split('\r')
  }

  it('hears in its own words that nobody is found here', () => {
    expect(answersTo('MSH|^~\\&||KC1|||20260726||QRY^A19|51|P|2.6\rQRD|20260726|R|I|Q51|||10^RD|7001|DEM\rQRF|MON\r')).toEqual([
      '\u000bMSH|^~\\&||||KC1|20260726||ADR^A19|A51|P|2.6', 'MSA|AR|51|no list of patients is kept here', 'QAK|Q51|NF', 'QRD|20260726|R|I|Q51|||10^RD|7001|DEM', 'QRF|MON', '\u001c', '',
    ])
    expect(answersTo('MSH|$~\\&|MON||||20260726||QBP$Q22$QBP_Q21|52|P|2.5||||||UNICODE UTF-8\rQPD|IHE PDQ Query|T9|@PID.3.1$7001\rRCP|I\r')).toEqual([
      '\u000bMSH|$~\\&|||MON||20260726||RSP$K22$RSP_K22|A52|P|2.5||||||UNICODE UTF-8', 'MSA|AR|52|no list of patients is kept here', 'QAK|T9|NF', 'QPD|IHE PDQ Query|T9|@PID.3.1$7001', '\u001c', '',
    ])
  })

  it('gets back no definition that is longer than any', () => {
    const definition = (chars: number): string => `QRD|20260726|R|I|Q51|||10^RD|${'7'.repeat(chars)}`
    const overhead = definition(0).length
    const asks = (chars: number): readonly string[] => answersTo(`MSH|^~\\&|M||||20260726||QRY^A19|51|P|2.6\r${definition(chars)}`)
    expect(asks(driverLimits.asciiLineBytesMax - overhead).some((line) => line.startsWith('QRD'))).toBe(true)
    expect(asks(driverLimits.asciiLineBytesMax - overhead + 1).some((line) => line.startsWith('QRD'))).toBe(false)
  })

  it('is not answered when its question is an answer itself', () => {
    const [frame] = framesOf(hl7.open({}), [mllpFrame(utf8('MSH|^~\\&|M||||20260726||QRY^A19|51|P|2.6\rMSA|AA|3\r'))])
    expect(frame?.kind).toBe('skipped')
  })
})
