import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import astm from '../../drivers/astm/driver.ts'
import { checksumOf } from '../../drivers/astm/framing.ts'
import { isoOf, monoMs } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { Frame, Outcome, Session } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

const [EOT, ENQ, ACK, NAK] = [4, 5, 6, 0x15] as const
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const hex = (bytes: readonly Uint8Array[]): string => bytes.map((each) => Buffer.from(each).toString('hex')).join(' ')

function frame(number: number, text: string, isWhole = true): Uint8Array {
  const body = bytesOf(`${number}${text}${isWhole ? '\x03' : '\x17'}`)
  return bytesOf(`\x02${String.fromCharCode(...body)}${checksumOf(body)}\r\n`)
}
const framed = (records: readonly string[]): Uint8Array[] => records.map((record, index) => frame((index + 1) % 8, `${record}\r`))

const HEADER = 'H|\\^&|||ABL735^Central Lab.||||||||1|20251122084827'
/** O-8 drawn at, O-12 action code, O-16 specimen. */
const order = ({ drawn = '', action = '', specimen = '' }): string =>
  ['O', '1', '', 'S1', '', '', '', drawn, '', '', '', action, '', '', '', `${specimen}^`].join('|')
const lactate = (value: string, status = 'F', more = '|||20251122084000'): string => `R|1|^^^Lac^M|${value}|mmol/L||N||${status}${more}`
const message = (...results: readonly string[]): Uint8Array[] => framed([HEADER, 'P|1||0004||Doe^Jane', order({ specimen: 'Arterial' }), ...results, 'L|1|N'])

const capture = (): Session => astm.openCapture?.({}) ?? astm.open({})
type Good = Extract<Frame, { kind: 'good' }>
const goodIn = (frames: readonly Frame[]): Good[] => frames.filter((each): each is Good => each.kind === 'good')
function read(...results: readonly string[]): Good {
  const [good] = goodIn(framesOf(capture(), [Uint8Array.of(ENQ), ...message(...results)]))
  if (good === undefined) throw new Error('no good frame')
  return good
}
const readingsIn = (records: readonly string[]): readonly string[] => goodIn(framesOf(capture(), framed([...records, 'L|1|N']))).flatMap(valuesOf)
const valuesOf = ({ readings }: Good): readonly string[] =>
  readings.map(({ metric, measurement, channel, flags }) => {
    const what = measurement.kind === 'measured' ? measurement.value : measurement.reason
    return [metric.id, what, channel, ...flags.filter((flag) => flag !== 'episodic' && flag !== 'zone-assumed')].filter((part) => part !== '').join(' ')
  })

describe('the frames of ASTM E1381', () => {
  it('have the checksums of the worked examples', () => {
    expect(checksumOf(bytesOf('1P|1\x03'))).toBe('31')
    expect(checksumOf(bytesOf('4R|1|^^^Lac^M|2.6|mmol/L||H||F\r\x03'))).toBe('D0')
    expect(hex([frame(4, 'R|1|^^^Lac^M|2.6|mmol/L||H||F\r')])).toBe(`02${Buffer.from('4R|1|^^^Lac^M|2.6|mmol/L||H||F\r\x03D0\r\n', 'latin1').toString('hex')}`)
  })

  it('count on from 7 to 0, and a text that is cut into several comes together', () => {
    const long = `C|1|I|377^${'x'.repeat(600)}|I\r`
    const parts = [`${HEADER}\r`, 'P|1||0004\r', 'O|1\r', `${lactate('2.6')}\r`]
    const cut = [long.slice(0, 240), long.slice(240, 480)].map((text, index) => frame(5 + index, text, false))
    const all = [...parts.map((text, index) => frame(index + 1, text)), ...cut, frame(7, long.slice(480)), frame(0, 'L|1|N\r')]
    expect(goodIn(framesOf(capture(), all)).map(valuesOf)).toEqual([['NOM_CONC_LACT 2.6']])
  })

  it('may hold a whole message, and one without CR at its end', () => {
    const whole = frame(1, [HEADER, 'P|1', 'O|1', lactate('1.2'), 'L|1|N'].join('\r'))
    expect(goodIn(framesOf(capture(), [whole])).map(valuesOf)).toEqual([['NOM_CONC_LACT 1.2']])
  })

  it('a changed byte, or a lost one, never yields another number', () => {
    const all = message(lactate('2.6'), 'R|2|^^^pCO2^M|30.1|mmHg||N||F')
    const bytes = Buffer.concat([Uint8Array.of(ENQ), ...all, Uint8Array.of(EOT)])
    const original = ['NOM_CONC_LACT 2.6 arterial', 'MDC_CONC_PCO2_ART 30.1 arterial']
    const outcomes = (harmed: Uint8Array): void => {
      for (const value of goodIn(framesOf(capture(), [harmed])).flatMap(valuesOf)) expect(original).toContain(value)
    }
    for (let at = 0; at < bytes.length; at++) outcomes(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]))
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const harmed = new Uint8Array(bytes)
        harmed[at] = byte
        outcomes(harmed)
      }),
      { numRuns: 3_000 },
    )
  })

  it('of which one was lost are never put together', () => {
    const all = message(lactate('2.6'))
    all.forEach((_, lost) => {
      const rest = all.filter((__, index) => index !== lost)
      expect(goodIn(framesOf(capture(), [Uint8Array.of(ENQ), ...rest, Uint8Array.of(EOT)]))).toEqual([])
    })
  })

  it('that never end, and messages that never end, are bounded', () => {
    const endless = Uint8Array.from({ length: driverLimits.astmFrameBytesMax + 1 }, (_, index) => (index === 0 ? 2 : 0x31))
    expect(capture().receive(endless, monoMs(0)).frames.map((each) => [each.kind, each.length])).toEqual([['bad', driverLimits.astmFrameBytesMax]])
    const session = astm.open({})
    const sent = [frame(1, `${HEADER}\r`), ...Array.from({ length: 5 }, (_, index) => frame(index + 2, `C|1|I|${'x'.repeat(60_000)}\r`))]
    const answers = sent.map((bytes) => hex(session.receive(bytes, monoMs(0)).send))
    expect(answers).toEqual(['06', '06', '06', '06', '06', '15'])
    const records = (count: number): string => [HEADER, ...Array.from({ length: count - 3 }, () => 'C'), lactate('1'), 'L'].join('\r')
    const most = driverLimits.astmRecordsPerMessageMax
    expect([most, most + 1].map((count) => framesOf(capture(), [frame(1, records(count))])[0]?.kind)).toEqual(['good', 'quarantined'])
  })
})

describe('results', () => {
  it('of arterial, venous and other blood are different metrics', () => {
    const gases = ['R|1|^^^pH^M|7.40||', 'R|2|^^^pO2^M|90|mmHg', 'R|3|^^^sO2^M|0.97|']
    const of = (specimen: string): readonly string[] => readingsIn([HEADER, 'P|1', order({ specimen, drawn: '20251122080000' }), ...gases])
    expect(of('Arterial')).toEqual(['MDC_CONC_PH_ART 7.4 arterial', 'MDC_CONC_PO2_ART 90 arterial', 'MDC_SAT_O2_ART 97 arterial'])
    expect(of('Venous')).toEqual(['MDC_CONC_PH_VEN 7.4 venous', 'MDC_CONC_PO2_VEN 90 venous'])
    expect(of('Mixed venous')).toEqual(['MDC_CONC_PH_GEN 7.4 mixed-venous', 'MDC_CONC_PO2_GEN 90 mixed-venous'])
    expect(of('Arterialized capillary')).toEqual(['MDC_CONC_PH_GEN 7.4 capillary', 'MDC_CONC_PO2_GEN 90 capillary'])
    expect(of('Not specified')).toEqual(['MDC_CONC_PH_GEN 7.4', 'MDC_CONC_PO2_GEN 90'])
    expect(of('Umbilical arterial cord')).toEqual(['MDC_CONC_PH_GEN 7.4 other', 'MDC_CONC_PO2_GEN 90 other'])
  })

  it.each([
    ['?7.412', 'MDC_CONC_PH_ART 7.412 arterial questionable'],
    ['.....', 'MDC_CONC_PH_ART not-measured arterial'],
    ['', 'MDC_CONC_PH_ART not-measured arterial'],
    ['<6.3', 'MDC_CONC_PH_ART out-of-range arterial'],
    ['>8', 'MDC_CONC_PH_ART out-of-range arterial'],
    ['74.12', 'MDC_CONC_PH_ART out-of-range arterial'],
    ['-100', 'MDC_CONC_PH_ART not-measured arterial'],
  ])('pH %j', (text, value) => expect(valuesOf(read(`R|1|^^^pH^M|${text}|||N||F|||20251122084000`))).toEqual([value]))

  it.each([
    ['', []], ['F', []], ['V', ['validated']], ['C', ['questionable']], ['P', ['questionable']], ['W', ['questionable']],
    ['R', ['history']], ['Q', ['history']],
  ])('with status %j are flagged %j', (status, flags) => {
    expect(valuesOf(read(lactate('2.6', status)))).toEqual([['NOM_CONC_LACT 2.6 arterial', ...flags].join(' ')])
  })

  it('that could not be had are absent, and what stands there is none', () => {
    expect(valuesOf(read(lactate('2.6', 'X')))).toEqual(['NOM_CONC_LACT device-invalid arterial'])
    expect(read(lactate('2.6', 'I')).leftOut).toEqual([{ why: 'no result', at: 'Lac^M' }])
    expect(read(lactate('2.6', '__proto__')).faults).toEqual([{ why: 'a result status that is none', at: 'Lac^M' }])
  })

  it.each([['mg/dL'], ['mmHg'], ['1'], ['constructor']])('of lactate in %s are kept apart, for nothing converts them', (unit) => {
    const { readings, faults } = read(`R|1|^^^Lac^M|18|${unit}||N||F`)
    expect([readings, faults]).toEqual([[], [{ why: 'a unit that is not converted', at: 'Lac^M' }]])
  })

  it('a fraction is one only where no unit says otherwise, and never more than one', () => {
    const good = read('R|1|^^^FIO2^I|0.800|||N||F|||20251122084000', 'R|2|^^^FIO2^I|28|%||N||F', 'R|3|^^^sO2^M|0.973|||N||F')
    expect(valuesOf(good)).toEqual([
      'MDC_CONC_AWAY_O2_INSP_SETTING 80', 'MDC_CONC_AWAY_O2_INSP_SETTING 28', 'MDC_SAT_O2_ART 97.3 arterial',
    ])
    expect(read('R|1|^^^FIO2^I|40|||N||F').faults).toEqual([{ why: 'more than one where a fraction is meant', at: 'FIO2^I' }])
  })

  it('that nobody measured are left out: calculated, estimated, typed in, and the air that stands where nothing was typed', () => {
    const records = ['R|1|^^^Lac^C|2.0|mmol/L||N||F', 'R|2|^^^p50(act)^E|3.4|kPa||N||F', 'R|3|^^^T^I|37.0|Cel||N||F', 'R|4|^^^FIO2^I|0.210|||N||F']
    const { readings, leftOut } = read(...records)
    expect(readings).toEqual([])
    expect(leftOut?.map(({ why }) => why)).toEqual(['calculated', 'estimated', 'typed in', 'what stands where nobody typed anything'])
  })

  it('that were corrected say what they were before, and not who corrected them', () => {
    const good = read(lactate('2.9', 'C'), 'C|1|L|CHANGE^2025-11-22 08:44:02 (Jane Doe) Lac: 2.1 -> 2.9|G')
    expect(valuesOf(good)).toEqual(['NOM_CONC_LACT 2.9 arterial questionable'])
    expect(good.leftOut).toEqual([{ why: 'corrected', at: 'Lac^M 2.1 -> 2.9' }])
    expect(read(lactate('2.9', 'C')).leftOut).toEqual([{ why: 'corrected', at: 'Lac^M' }])
    expect(JSON.stringify(read(lactate('2.9'), 'C|1|I|377^Jane Doe was here|I').leftOut)).not.toContain('Jane')
  })

  it('carry the time at which they were measured, of the sample where they say none, and doubt where there is none at all', () => {
    const times = ({ readings }: Good): readonly (string | null)[] => readings.map(({ deviceAt }) => (deviceAt === null ? null : isoOf(deviceAt)))
    const good = read('R|1|^^^K+^M|4.1|mmol/L||N||F', lactate('2.6'), 'R|3|^^^Na+^M|140|mmol/L||N||F|||20251122084500+0100')
    expect(times(good)).toEqual(['2025-11-22T08:40:00.000Z', '2025-11-22T08:40:00.000Z', '2025-11-22T07:45:00.000Z'])
    expect(good.readings.map(({ flags }) => flags.includes('zone-assumed'))).toEqual([true, true, false])
    expect(good.sentAt === null ? null : isoOf(good.sentAt)).toBe('2025-11-22T08:48:27.000Z')
    expect(valuesOf(read(lactate('2.6', 'F', '')))).toEqual(['NOM_CONC_LACT 2.6 arterial questionable'])
  })

  it('of control fluid, of training and of debugging are tests', () => {
    const of = (header: string, sample: string): readonly string[] => readingsIn([header, 'P|1', sample, lactate('2.6')])
    expect(of(HEADER, order({ action: 'Q' }))).toEqual(['NOM_CONC_LACT 2.6 test'])
    for (const mode of ['T', 'D', 'Q']) expect(of(`H|\\^&|||ABL735|||||||${mode}|1|20251122084827`, 'O|1')).toEqual(['NOM_CONC_LACT 2.6 test'])
    expect(of('H|\\^&|||ABL735|||||||P|1|20251122084827', 'O|1')).toEqual(['NOM_CONC_LACT 2.6'])
  })
})

describe('whose blood it was', () => {
  const identityOf = (patient: string, sample = 'O|1||S1|'): unknown => {
    const records = [HEADER, patient, sample, lactate('2.6'), 'L|1|N']
    return goodIn(framesOf(capture(), framed(records)))[0]?.identity
  }
  it('is told where the analyser was told', () => {
    expect(identityOf('P|1||0004||S\u00f8rensen^Susanne')).toEqual({ mrn: '0004', name: 'S\u00f8rensen, Susanne' })
  })
  it.each([
    ['a blank id, even with a name', 'P|1||||Doe^Jane', 'O|1||S1|'],
    ['zeros', 'P|1||000||Doe^Jane', 'O|1||S1|'],
    ['two ids that differ', 'P|1|12345|54321', 'O|1||S1|'],
    ['the number of the sample in its place', 'P|1||S-2267', 'O|1|S-2267'],
    ['the number of the sample, as the analyser counts', 'P|1||267', 'O|1||Sample #^267'],
    ['words', 'P|1||unknown patient', 'O|1||S1|'],
  ])('is nobody with %s', (_, patient, sample) => expect(identityOf(patient, sample)).toBeNull())

  it('is not decided where a message has two patients: all of it is kept apart', () => {
    const frames = framesOf(capture(), framed([HEADER, 'P|1||0004', lactate('1.1'), 'P|2||0005', lactate('7.7'), 'L|1|N']))
    expect(frames.filter(({ kind }) => kind !== 'skipped').map((each) => ('why' in each ? each.why : each.kind))).toEqual(['results of more than one patient'])
  })

  it('stands in no reason and no fault', () => {
    const records = [
      'P|1||0004||Susanne', 'O|1', 'R|1|^^^Susanne Doe^M|Susanne|Susanne||N||Susanne', 'R|2|^^^Lac^M|Susanne|Susanne||N||Susanne',
      'C|1|L|Susanne^Susanne', 'Susanne|1',
    ]
    const frames = framesOf(capture(), framed([HEADER, ...records, 'L|1|N']))
    const [good] = goodIn(frames)
    expect(JSON.stringify([good?.faults, good?.leftOut, frames.map((each) => 'why' in each && each.why)])).not.toContain('Susanne')
  })
})

describe('the receiver', () => {
  const STORED: Outcome = { kind: 'stored' }
  /** What is answered to each of these, in their order: at once, and what becomes of a message `later`. */
  function converse(pieces: readonly Uint8Array[], later: Outcome = STORED): readonly string[] {
    const session = astm.open({})
    expect(session.wake(monoMs(0))).toEqual({ frames: [], send: [], wakeAt: null })
    return pieces.map((bytes) => {
      const { frames, send } = session.receive(bytes, monoMs(0))
      const replies = frames.flatMap((each) => (each.kind === 'skipped' || each.reply === null ? [] : [each.reply(later) ?? Uint8Array.of()]))
      return [...send.map((each) => `at once ${hex([each])}`), ...replies.map((each) => `later ${hex([each])}`)].join(', ')
    })
  }
  const bid = Uint8Array.of(ENQ)
  const end = Uint8Array.of(EOT)
  const all = message(lactate('2.6'))

  it('answers the bid and each frame at once, and the last of a message when it is stored', () => {
    expect(converse([bid, ...all, end])).toEqual(['at once 06', 'at once 06', 'at once 06', 'at once 06', 'at once 06', 'later 06', ''])
  })

  it('refuses the last frame while nothing can be stored, and takes it when it comes again', () => {
    expect(converse([bid, ...all], { kind: 'retry', why: 'the disk is full' }).at(-1)).toBe('later 15')
    const session = astm.open({})
    for (const bytes of [bid, ...all]) session.receive(bytes, monoMs(0))
    const [again] = goodIn(session.receive(all.at(-1) ?? end, monoMs(0)).frames)
    expect(again === undefined ? [] : valuesOf(again)).toEqual(['NOM_CONC_LACT 2.6 arterial'])
  })

  it('refuses a damaged frame at once, and takes it when it comes again', () => {
    const harmed = frame(3, 'O|1||S1\r')
    harmed[6] = 0x39
    const [first = bid, second = bid, third = bid, ...rest] = all
    expect(converse([bid, first, second, harmed, third, ...rest]).join()).toBe('at once 06,at once 06,at once 06,at once 15,at once 06,at once 06,later 06')
  })

  it('answers a frame that is sent again, and takes it once', () => {
    const [first = bid, second = bid, ...rest] = all
    expect(converse([bid, first, second, second, ...rest]).join()).toBe('at once 06,at once 06,at once 06,at once 06,at once 06,at once 06,later 06')
  })

  it('says nothing to a frame without a bid whose beginning it did not hear', () => expect(converse(all.slice(2))).toEqual(['', '', '']))

  it('does not acknowledge any more when its sender gave up waiting: the next frame could be taken for stored', () => {
    const session = astm.open({})
    const frames = [bid, ...all].flatMap((bytes) => session.receive(bytes, monoMs(0)).frames)
    const [good] = goodIn(frames)
    expect(good?.reply?.(STORED)).toEqual(Uint8Array.of(ACK))
    session.receive(end, monoMs(15_000))
    session.receive(bid, monoMs(15_100))
    expect(good?.reply?.(STORED)).toBeNull()
  })

  it('gives a repeat the same id and bytes, so that it is stored once', () => {
    const session = astm.open({})
    const twice = [bid, ...all, end, bid, ...all, end].flatMap((bytes) => goodIn(session.receive(bytes, monoMs(0)).frames))
    expect(twice.length).toBe(2)
    expect([twice[0]?.messageId, hex([twice[0]?.bytes ?? bid])]).toEqual([twice[1]?.messageId, hex([twice[1]?.bytes ?? bid])])
  })

  it('acknowledges what is in quarantine, and messages without results', () => {
    const refused: Outcome = { kind: 'rejected', why: 'kept' }
    expect(converse([bid, ...framed([HEADER, 'P|1', lactate('1'), 'P|2', lactate('2'), 'L|1|N'])], refused).at(-1)).toBe('later 06')
    expect(converse([bid, ...framed([HEADER, 'Q|1|PID4', 'L|1|N'])]).at(-1)).toBe('at once 06')
  })

  it('ends a transmission after 30 s of silence, and keeps what there is of a message', () => {
    const session = astm.open({})
    const [first = bid] = all
    session.receive(bid, monoMs(1_000))
    expect(session.receive(first, monoMs(2_000)).wakeAt).toBe(32_000)
    expect(session.wake(monoMs(31_999)).frames).toEqual([])
    expect(session.wake(monoMs(32_000)).frames.map((each) => [each.kind, 'why' in each && each.why])).toEqual([['bad', 'cut off within a message']])
    expect(session.receive(all[1] ?? bid, monoMs(33_000)).send).toEqual([])
    expect(hex(session.receive(bid, monoMs(34_000)).send)).toBe('06')
    expect(NAK).toBe(0x15)
  })
})
