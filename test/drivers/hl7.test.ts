import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import hl7 from '../../drivers/hl7/driver.ts'
import { latin1, utf8 } from '../../src/codec/bytes.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import { METRICS } from '../../src/domain/metrics.ts'
import { isoOf } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { DriverSettings, Frame, Outcome } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

type Good = Frame & { kind: 'good' }

const MSH = 'MSH|^~\\&|MON-7^00A0^EUI-64|VENDOR|||20260401070000+0000||ORU^R01^ORU_R01|42|P|2.6|||AL|NE'
const HR = '147842^MDC_ECG_HEART_RATE^MDC'
const BPM = '264864^MDC_DIM_BEAT_PER_MIN^MDC'

const framesIn = (text: string, settings: DriverSettings = {}): Frame[] => framesOf(hl7.open(settings), [mllpFrame(utf8(text))])

function goodOf(text: string, settings: DriverSettings = {}): Good {
  const [frame, ...rest] = framesIn(text, settings)
  if (frame?.kind !== 'good' || rest.length > 0) throw new Error(`not one good frame: ${JSON.stringify(frame)}`)
  return frame
}

const FIELDS = { type: 'NM', code: HR, channel: '1.1', value: '80', unit: BPM, flags: '', status: 'R', thirteen: '', at: '', seventeen: '' }

function obx(over: Partial<typeof FIELDS> = {}): string {
  const { type, code, channel, value, unit, flags, status, thirteen, at, seventeen } = { ...FIELDS, ...over }
  return ['OBX', '1', type, code, channel, value, unit, '', flags, '', '', status, '', thirteen, at, '', '', seventeen].join('|')
}

/** The one value of one OBX: what was measured, why it is absent, or why it is not believed. */
function valueOf(...args: Parameters<typeof obx>): number | string {
  const { readings, faults, leftOut = [] } = goodOf(`${MSH}\r${obx(...args)}`)
  const [reading] = readings
  if (reading === undefined) return `${faults.length > 0 ? 'fault' : 'left out'}: ${[...faults, ...leftOut].map(({ why }) => why).join(', ') || 'nothing'}`
  return reading.measurement.kind === 'measured' ? reading.measurement.value : reading.measurement.reason
}

describe('a value', () => {
  it('has all of its OBX: metric, channel, time', () => {
    const metric = METRICS.find(({ mdc }) => mdc === 147842)
    expect(goodOf(`${MSH}\r${obx({ channel: '1.26.2.1' })}`).readings).toEqual([
      { metric, measurement: { kind: 'measured', value: 80 }, channel: '1.26.2.1', deviceAt: Date.UTC(2026, 3, 1, 7), flags: [] },
    ])
  })

  it('of zero is zero: a monitor that says so in asystole must be heard', () => {
    expect(valueOf({ value: '0' })).toBe(0)
  })

  const SENTINELS = ['-100', '-100.00', '-10000', '-999', '-99.9', '32767', '8388607', '-32767', '-32761', '007FFFFF', '---', '', '""']
  it.each(SENTINELS)('%j is never a number', (value) => {
    for (const metric of METRICS) {
      expect([metric.id, valueOf({ code: `${metric.mdc}^${metric.id}^MDC`, value, unit: metric.unit })]).toEqual([metric.id, 'not-measured'])
    }
  })

  it('with OBX-11 X is invalid, whatever stands in it', () => {
    expect(['80', '8388607', '', 'x'].map((value) => valueOf({ value, status: 'X' }))).toEqual(Array.from({ length: 4 }, () => 'device-invalid'))
    expect(valueOf({ status: 'X', unit: '' })).toBe('device-invalid')
  })

  it.each([
    ['C', 80],
    ['P', 80],
    [' R ', 80],
    ['N', 'not-measured'],
    ['W', 'fault: OBX-11 W takes an earlier value back, which is not supported'],
    ['D', 'fault: OBX-11 D takes an earlier value back, which is not supported'],
    ['Q', 'fault: OBX-11 Q is not known'],
    ['Anna Vega', 'fault: OBX-11 – is not known'],
  ])('with OBX-11 %j is %j', (status, value) => expect(valueOf({ status })).toBe(value))

  it.each([
    ['>98', 'fault: OBX-5 is not a number'],
    ['1,926', 'fault: OBX-5 is a comma that may part decimals or thousands'],
    ['80~81', 'fault: OBX-5 is more than one value'],
    ['301', 'out-of-range'],
    ['-1', 'out-of-range'],
  ])('%j is %j', (value, expected) => expect(valueOf({ value })).toBe(expected))

  it('may be a structured number that is plain', () => {
    expect(['^80', '=^80', '>^80', '^80^-^90', '^^^'].map((value) => valueOf({ type: 'SN', value }))).toEqual([
      80, 80, 'fault: OBX-5 is a comparison or a range', 'fault: OBX-5 is a comparison or a range', 'not-measured',
    ])
  })
})

describe('code, name and unit', () => {
  it('agree for every metric, or the value is not believed', () => {
    for (const metric of METRICS) {
      const value = String(Math.ceil((metric.parsed.low + metric.parsed.high) / 2))
      const [other] = METRICS.filter(({ id }) => id !== metric.id)
      expect(valueOf({ code: `${metric.mdc}^${metric.id}^MDC`, value, unit: metric.unit })).toBe(Number(value))
      // A private code is anybody's: without its name it says nothing.
      expect(valueOf({ code: `${metric.mdc}^^MDC`, value, unit: metric.unit })).toBe(metric.mdc < 1_024 * 65_536 ? Number(value) : 'left out: a code of the vendor')
      expect(valueOf({ code: `${metric.mdc}^${other?.id}^MDC`, value, unit: metric.unit })).toMatch(metric.mdc < 1_024 * 65_536 ? /^fault: code / : /^left out: /)
      expect(valueOf({ code: `999999^${metric.id}^MDC`, value, unit: metric.unit })).toMatch(/^fault: .* has code /)
      expect(valueOf({ code: `${metric.mdc}^${metric.id}^MDC`, value, unit: metric.unit === 'kg' ? 'cm' : 'kg' })).toMatch(/^fault: unit (kg|cm) does not fit/)
      expect(valueOf({ code: `${metric.mdc}^${metric.id}^MDC`, value, unit: '' })).toBe('fault: no unit')
    }
  })

  it.each([
    ['108^MNDRY_ECG_PAUSE_RATE^99MNDRY', 'left out: pauses of the heart a minute'],
    ['109^MNDRY_SOMETHING^99MNDRY', 'left out: a code of the vendor'],
    ['147842^MDC_ECG_HEART_RATE^99MNDRY', 'left out: a code of the vendor'],
    ['101^HR', 'left out: a code of no metric'],
    ['69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC', 'left out: nothing'],
    ['HR', 'left out: no code'],
    ['8867-4^Heart rate^LN', 'left out: a LOINC code that several metrics share'],
    ['0000-0^Nothing^LN', 'left out: a LOINC code of no metric'],
    ['0002-4182^HR^MDIL', 80],
    ['0002-4182^MDC_RESP_RATE^MDIL', 'fault: code 147842 is MDC_ECG_HEART_RATE, and is called MDC_RESP_RATE here'],
    ['123455^MDC_PRIVATE^MDC^147842^MDC_ECG_HEART_RATE^MDC', 80],
    ['HR^Heart rate^99X^147842^MDC_ECG_HEART_RATE^MDC', 80],
    ['147842^MDC_ECG_HEART_RATE^MDC^8867-4^Heart rate^LN', 80],
    ['147842^MDC_ECG_HEART_RATE^MDC^150456^MDC_PULS_OXIM_SAT_O2^MDC', 'fault: the two codes of this value name different metrics'],
  ])('%s: %s', (code, expected) => expect(valueOf({ code })).toBe(expected))

  it('samples are never a value, whatever their code', () => {
    expect(valueOf({ type: 'NA', value: '80^88^92' })).toBe('left out: a wave of a code that we do not know')
    expect(valueOf({ type: 'NA', value: '80', code: '150456^MDC_PULS_OXIM_SAT_O2^MDC' })).toBe('left out: a wave of a code that we do not know')
  })

  it('the name of an unbelieved code may be read by an engineer, other words may not', () => {
    expect(valueOf({ code: '150456^MDC_CO2_ET^MDC' })).toBe('fault: code 150456 is MDC_PULS_OXIM_SAT_O2, and is called MDC_CO2_ET here')
    expect(valueOf({ code: '150456^Anna Vega^MDC' })).toBe('fault: code 150456 is MDC_PULS_OXIM_SAT_O2, and is called – here')
  })
})

describe('flags', () => {
  const flagsOf = (text: string): readonly string[] => goodOf(text).readings.flatMap(({ flags }) => flags)

  it('demo and test mark every value, absent ones too', () => {
    for (const value of ['80', '']) {
      expect(flagsOf(`${MSH.replace('|P|', '|D|')}\r${obx({ value })}`)).toEqual(['demo'])
      expect(flagsOf(`${MSH.replace('|P|', '|T|')}\r${obx({ value })}`)).toEqual(['test'])
      expect(flagsOf(`${MSH}\r${obx({ value, flags: 'DEMO' })}`)).toEqual(['demo'])
      expect(flagsOf(`${MSH}\r${obx({ value, flags: 'N~demo' })}`)).toEqual(['demo'])
    }
  })

  it.each([
    [{ at: '20260401065900' }, ['episodic']],
    [{ thirteen: 'APERIODIC' }, ['episodic']],
    [{ seventeen: '^APERIODIC' }, ['episodic']],
    [{ code: '150021^MDC_PRESS_BLD_NONINV_SYS^MDC', unit: 'mmHg' }, ['episodic']],
    [{ at: '00000000000000' }, []],
    [{ status: 'F' }, ['validated']],
    [{ value: '?80' }, ['questionable']],
  ])('%j: %j', (over, flags) => expect(flagsOf(`${MSH}\r${obx(over)}`)).toEqual(flags))

  it('a processing id that is none makes the message unbelievable', () => {
    expect(framesIn(`${MSH.replace('|P|', '|X|')}\r${obx()}`)[0]).toMatchObject({ kind: 'quarantined', why: 'processing id X is not known' })
  })
})

describe('time', () => {
  const timeOf = (text: string, zone?: string): string => {
    const { readings } = goodOf(text, zone === undefined ? {} : { zone })
    const [reading] = readings
    return reading === undefined || reading.deviceAt === null ? 'none' : `${isoOf(reading.deviceAt)} ${reading.flags.join(' ')}`.trim()
  }
  const zoneless = MSH.replace('070000+0000', '070000')

  it('is that of the value, else of its group, else of the message', () => {
    expect(timeOf(`${MSH}\rOBR|1||||||20260401065930\r${obx({ at: '20260401065900' })}`)).toBe('2026-04-01T06:59:00.000Z episodic')
    expect(timeOf(`${MSH}\rOBR|1||||||20260401065930\r${obx()}`)).toBe('2026-04-01T06:59:30.000Z')
    expect(timeOf(`${MSH}\r${obx()}`)).toBe('2026-04-01T07:00:00.000Z')
    expect(timeOf(`${MSH.replace('20260401070000+0000', '')}\r${obx()}`)).toBe('none')
  })

  it('of a second group is its own', () => {
    const { readings } = goodOf(`${MSH}\rOBR|1||||||20260401065930\r${obx()}\rOBR|2||||||20260401065940\r${obx()}`)
    expect(readings.map(({ deviceAt }) => deviceAt === null ? null : new Date(deviceAt).getUTCSeconds())).toEqual([30, 40])
  })

  it('without an offset is in the zone of MSH-7, else in that of the setting, and says so', () => {
    expect(timeOf(`${MSH.replace('+0000', '+0530')}\r${obx({ at: '20260401065900' })}`)).toBe('2026-04-01T01:29:00.000Z episodic')
    expect(timeOf(`${zoneless}\r${obx()}`)).toBe('2026-04-01T07:00:00.000Z zone-assumed')
    expect(timeOf(`${zoneless}\r${obx()}`, 'Europe/Berlin')).toBe('2026-04-01T05:00:00.000Z zone-assumed')
    expect(timeOf(`${zoneless}\r${obx({ at: '20260401065900+0200' })}`, 'Europe/Berlin')).toBe('2026-04-01T04:59:00.000Z episodic')
  })

  it('that cannot be read takes its value along', () => {
    expect(valueOf({ at: 'yesterday' })).toBe('fault: OBX-14 is no HL7 time')
    expect(goodOf(`${MSH}\rOBR|1||||||soon\r${obx()}`).faults).toEqual([{ why: 'the time of this group is no HL7 time', at: 'OBX 1 (147842)' }])
  })

  it('sent is MSH-7', () => {
    expect(goodOf(`${MSH}\r${obx()}`).sentAt).toBe(Date.UTC(2026, 3, 1, 7))
    expect(goodOf(`${MSH.replace('20260401070000+0000', 'soon')}\rOBR|1||||||20260401065930\r${obx()}`).sentAt).toBeNull()
  })
})

describe('who and where', () => {
  const identityOf = (pid: string): unknown => goodOf(`${MSH}\r${pid}\r${obx()}`).identity
  const senderOf = (msh: string, pv1 = ''): unknown => goodOf(`${msh}\r${pv1}\r${obx()}`).sender

  it.each([
    ['PID|||V-1^^^H^PI||Vega^Ilse^M', { mrn: 'V-1', name: 'Vega, Ilse' }],
    ['PID|||V-1~V-2||Vega', { mrn: 'V-1', name: 'Vega' }],
    ['PID|||^^^Hospital^PI||Vega&van^Ilse', { mrn: null, name: 'Vega, Ilse' }],
    ['PID|||V-1||^^^^^^L', { mrn: 'V-1', name: null }],
    ['PID|||""||""', null],
    ['PID|||^^^H^PI|Okonkwo Adaeze', { mrn: null, name: 'Okonkwo Adaeze' }],
    ['PID||||12345', null],
    ['PID||||ALT-1^^^H', null],
    ['PID|||V\\T\\1||O\\S\\Vega^Ilse', { mrn: 'V&1', name: 'O^Vega, Ilse' }],
    ['PID', null],
  ])('%s', (pid, identity) => expect(identityOf(pid)).toEqual(identity))

  it.each([
    ['PID|||123^^^LAB~V-7^^^HOSPITAL', 'V-7'], ['PID|||123^^^LAB', null], ['PID|||V-7', 'V-7'],
  ])('has no number of another authority than the one that is set, or the values were another patient’s: %s', (pid, mrn) => {
    expect(goodOf(`${MSH}\r${pid}||Vega^Ilse\r${obx()}`, { authority: 'HOSPITAL' }).identity).toEqual({ mrn, name: 'Vega, Ilse' })
  })

  it.each(['D', 'T'])('of a demonstration or a test is nobody: MSH-11 %s', (processing) => {
    expect(goodOf(`${MSH.replace('|P|', `|${processing}|`)}\rPID|||V-1||Vega^Ilse\r${obx()}`).identity).toBeNull()
  })

  it('without PID is nobody', () => {
    expect(goodOf(`${MSH}\r${obx()}`).identity).toBeNull()
  })

  it('two patients or two places in one message are nobody', () => {
    expect(framesIn(`${MSH}\rPID|||A||X\rPID|||B||X\r${obx()}`)[0]).toMatchObject({ kind: 'quarantined', why: 'several patients in one message' })
    expect(framesIn(`${MSH}\rPID|||||X\r${obx()}\rPID|||||Y\r${obx()}`)[0]).toMatchObject({ kind: 'quarantined', why: 'several patients in one message' })
    expect(framesIn(`${MSH}\rPV1||I|W^^1\r${obx()}\rPV1||I|W^^2\r${obx()}`)[0]).toMatchObject({ kind: 'quarantined', why: 'several places in one message' })
    expect(framesIn(`${MSH}\r${obx()}\r${MSH}\r${obx()}`)[0]).toMatchObject({ kind: 'quarantined', why: 'two messages in one frame' })
    expect(framesIn(`${MSH}\rPID|||A||X\r${obx()}\rPID|||A||X\r${obx()}`)[0]).toMatchObject({ kind: 'good' })
  })

  it('the sender is MSH-3, else MSH-4, at PV1-3', () => {
    expect(senderOf(MSH, 'PV1||I|ICU^2^5^XYZ^^^^^00-0F')).toEqual({ name: 'MON-7', location: 'ICU^2^5' })
    expect(senderOf(MSH.replace('MON-7^00A0^EUI-64', ''))).toEqual({ name: 'VENDOR', location: null })
    const nameless = MSH.replace('MON-7^00A0^EUI-64|VENDOR', '|')
    expect(senderOf(nameless, 'PV1||I|^^UCIP&8&169722888&4601&&1')).toEqual({ name: null, location: '^^UCIP&8&169722888&4601&&1' })
    expect(senderOf(MSH, 'PV1||I|WARD')).toEqual({ name: 'MON-7', location: 'WARD^^' })
  })

  it('a message keeps its control id, and may have none', () => {
    expect(goodOf(`${MSH}\r${obx()}`).messageId).toBe('42')
    expect(goodOf(`${MSH.replace('|42|', '||')}\r${obx()}`).messageId).toBeNull()
  })
})

describe('answers', () => {
  const OUTCOMES: readonly Outcome[] = [{ kind: 'stored' }, { kind: 'repeated' }, { kind: 'retry', why: 'disk' }, { kind: 'rejected', why: 'no' }]
  const answersTo = (text: string): (string | null)[] => {
    const [frame] = framesIn(text)
    if (frame === undefined || frame.kind === 'skipped' || frame.reply === null) return []
    const { reply } = frame
    return OUTCOMES.map((outcome) => {
      const bytes = reply(outcome)
      return bytes === null ? null : (/MSA\|(.*?)\r/.exec(latin1(bytes))?.[1] ?? 'no MSA')
    })
  }

  it('tell what became of the message, in the mode it asks for', () => {
    expect(answersTo(`${MSH}\r${obx()}`)).toEqual(['CA|42', 'CA|42', 'CE|42|disk', 'CR|42|no'])
    expect(answersTo(`${MSH.replace('|AL|NE', '||')}\r${obx()}`)).toEqual(['AA|42', 'AA|42', 'AE|42|disk', 'AR|42|no'])
    expect(answersTo(`${MSH.replace('|AL|NE', '|NE|ER')}\r${obx()}`)).toEqual([null, null, 'AE|42|disk', 'AR|42|no'])
  })

  it('refuse what is not supported, whether it was kept or not', () => {
    const why = 'message type ORM O01 is not supported'
    expect(answersTo(MSH.replace('ORU^R01^ORU_R01', 'ORM^O01'))).toEqual([`CR|42|${why}`, `CR|42|${why}`, 'CE|42|disk', `CR|42|${why}`])
  })

  it.each(['ACK^R01^ACK', 'ACK', 'RSP^K22', 'ADR^A19'])('are never given to an answer (%s)', (type) => {
    expect(framesIn(`${MSH.replace('ORU^R01^ORU_R01', type)}\rMSA|AA|41`)[0]).toMatchObject({ kind: 'skipped' })
  })

  it('that wants no answer whatever happens has none: nobody will send it again, so it is held when the disk fails', () => {
    expect(framesIn(`${MSH.replace('AL|NE', 'NE|NE')}\r${obx()}`)[0]).toMatchObject({ kind: 'good', reply: null })
    expect(framesIn(`${MSH.replace('AL|NE', 'NE|ER')}\r${obx()}`)[0]).toMatchObject({ kind: 'good', reply: expect.any(Function) })
  })

  it('are not given to observations that answer a query', () => {
    expect(framesIn(`${MSH}\rMSA|AA|41\r${obx()}`)[0]).toMatchObject({ kind: 'good', reply: null })
    expect(framesIn(`${MSH.replace('ORU^R01^ORU_R01', 'ORF^R04')}\rMSA|AA|41\r${obx()}`)[0]).toMatchObject({ kind: 'good', reply: null })
  })

  it('refuse what is no HL7 by its control id, and say nothing to what has none', () => {
    const refusal = 'AR|42|MSH-2 names one separator twice'
    expect(answersTo('MSH|^^\\&|A||||||ORU^R01|42|P|2.6')).toEqual([refusal, refusal, 'AE|42|disk', refusal])
    expect(framesIn('hello')[0]).toMatchObject({ kind: 'quarantined', reply: null })
  })

  it('say nothing of the patient or the values, however many fields MSH has', () => {
    for (let fields = 11; fields <= 40; fields++) {
      const msh = MSH.split('|').slice(0, 11).concat(Array.from({ length: fields - 11 }, (_, n) => `f${n}`)).join('|')
      const [frame] = framesIn(`${msh}\rPID|||V-1||Vega^Ilse\r${obx()}`)
      const reply = frame !== undefined && frame.kind !== 'skipped' ? frame.reply?.({ kind: 'stored' }) : null
      expect(latin1(reply ?? new Uint8Array(0))).not.toMatch(/Vega|V-1|OBX/)
    }
  })

  it('echo the control id of each message, however many share a chunk', () => {
    const chunk = Uint8Array.from(['a', 'b', 'c'].flatMap((id) => Array.from(mllpFrame(utf8(`${MSH.replace('|42|', `|${id}|`)}\r${obx()}`)))))
    const acks = framesOf(hl7.open({}), [chunk]).map((frame) => (frame.kind === 'good' ? latin1(frame.reply?.({ kind: 'stored' }) ?? new Uint8Array(0)) : ''))
    expect(acks.map((ack) => /MSA\|CA\|(.)/.exec(ack)?.[1])).toEqual(['a', 'b', 'c'])
  })
})

describe('limits', () => {
  const padded = (length: number): Uint8Array => {
    const start = `${MSH}\r${obx()}\rNTE|1||`
    return mllpFrame(utf8(start + 'x'.repeat(length - start.length)))
  }

  it('a message as long as is allowed is read; one byte more is bad, and refused by name', () => {
    expect(framesOf(hl7.open({}), [padded(driverLimits.hl7FrameBytesMax)])).toMatchObject([{ kind: 'good' }])
    const [bad] = framesOf(hl7.open({}), [padded(driverLimits.hl7FrameBytesMax + 1)])
    expect(bad).toMatchObject({ kind: 'bad', why: 'longer than 1048576 bytes' })
    expect(bad?.kind === 'bad' && bad.bytes.length).toBe(driverLimits.badFrameBytesMax)
    expect(bad?.kind === 'bad' && latin1(bad.reply?.({ kind: 'rejected', why: 'x' }) ?? new Uint8Array(0))).toContain('MSA|CR|42|longer than 1048576 bytes\r')
  })

  it('a message may have so many values, and not one more', () => {
    const made = (count: number): string => `${MSH}\r${Array.from({ length: count }, () => obx()).join('\r')}`
    expect(goodOf(made(driverLimits.readingsPerFrameMax)).readings).toHaveLength(driverLimits.readingsPerFrameMax)
    expect(framesIn(made(driverLimits.readingsPerFrameMax + 1))[0]).toMatchObject({ kind: 'quarantined', why: 'more than 2000 values' })
  })

  it('a message may have so many segments, and not one more', () => {
    const made = (count: number): string => `${MSH}${'\rNTE'.repeat(count - 1)}`
    expect(goodOf(made(driverLimits.hl7SegmentsPerMessageMax)).readings).toEqual([])
    expect(framesIn(made(driverLimits.hl7SegmentsPerMessageMax + 1))[0]).toMatchObject({ kind: 'quarantined', why: 'not HL7: more than 10000 segments' })
  })
})

describe('damage', () => {
  it('a line that lost its beginning is a fault, not a silence', () => {
    expect(goodOf(`${MSH}\r${obx()}\rX\r${obx()}`).faults).toEqual([{ why: 'a line that is no segment', at: 'after OBX 1' }])
  })

  it('a message cut anywhere gives no value that it did not have', () => {
    const whole = `${MSH}\r${obx({ value: '120' })}\r${obx({ code: '150456^MDC_PULS_OXIM_SAT_O2^MDC', value: '97', unit: '262688^MDC_DIM_PERCENT^MDC' })}\r`
    const framed = mllpFrame(utf8(whole))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: framed.length - 1 }), (length) => {
        const next = mllpFrame(utf8(`${MSH}\r`))
        const readings = framesOf(hl7.open({}), [framed.slice(0, length), next]).flatMap((frame) => (frame.kind === 'good' ? frame.readings : []))
        const values = readings.map(({ measurement }) => (measurement.kind === 'measured' ? measurement.value : null))
        // Without its FS and CR the message is complete; cut before FS it is nothing.
        expect(values).toEqual(length >= framed.length - 1 ? [120, 97] : [])
      }),
    )
  })
})
