import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import intellivue from '../../drivers/philips-intellivue/driver.ts'
import { serialFrame } from '../../drivers/philips-intellivue/framing.ts'
import { RELEASE_REQUEST, associationRequest, createdAnswer, extendedPoll, setWaves, singlePoll } from '../../drivers/philips-intellivue/requests.ts'
import {
  ABORT, EXTENSION_NUMERICS, REFUSE, type Thing, type Writer, absoluteTime, associationResponse, attribute, createdEvent, float, pollResult, put, refusal, text, toWire,
} from '../../simulators/monitors/philips-intellivue-wire.ts'
import { isoOf, monoMs } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { DriverSettings, Frame, Session } from '../../src/seams.ts'
import { cut, described, framesOf } from '../contract/driver.ts'

type Good = Extract<Frame, { kind: 'good' }>
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text.trim().split(/\s+/).map((pair) => Number.parseInt(pair, 16)))
const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ')
const repeated = (value: number, times: number): number[] => Array.from({ length: times }, () => value)
const NOW = monoMs(0)

const capture = (settings: DriverSettings = {}): Session => {
  const session = intellivue.openCapture?.(settings)
  if (session === undefined) throw new Error('a dialogue reads recordings')
  return session
}
const read = (session: Session, ...messages: readonly Uint8Array[]): readonly Frame[] => messages.flatMap((message) => session.receive(message, NOW).frames)
const goodOf = (frames: readonly Frame[]): Good => {
  const good = frames.findLast((frame): frame is Good => frame.kind === 'good')
  if (good === undefined) throw new Error(JSON.stringify(frames))
  return good
}

const AT = Date.UTC(2017, 10, 4, 14, 44, 51)
const TICKS = 0x0d58b800
const created = (mode = 0x4000, at = AT): Uint8Array =>
  createdEvent(1, TICKS, [attribute(0x0946, put().u16(mode)), attribute(0x0987, absoluteTime(at)), attribute(0x098f, put().u32(TICKS))])

type Options = { readonly object?: number; readonly ticks?: number; readonly sequence?: number | null }
const result = (things: readonly Thing[], { object = 6, ticks = TICKS, sequence = 0 }: Options = {}): Uint8Array =>
  pollResult({ invoke: 1003, number: 1, sequence, ticks, object, group: 0, things }, 60_000)[0] ?? new Uint8Array()
const thing = (attributes: readonly Writer[], context = 1, handle = 0x82b3): Thing => ({ context, handle, attributes })

const value = (code: number, unit: number, number: Writer, state = 0): Writer => attribute(0x0950, put().u16(code, state, unit).add(number))
const HR = 0x4182
const BPM = 0x0aa0
const MMHG = 0x0f20
const heartRate = (number: number, state = 0): Thing => thing([value(HR, BPM, float(number), state)])

/** Readings of one message, as `id value channel flags`. */
const said = (frames: readonly Frame[]): readonly string[] =>
  goodOf(frames).readings.map(({ metric, measurement, channel, flags }) =>
    [metric.id.replace('MDC_', ''), measurement.kind === 'measured' ? measurement.value : measurement.reason, channel, flags.join('+')].join(' ').trimEnd(),
  )
const left = (frames: readonly Frame[]): readonly string[] => (goodOf(frames).leftOut ?? []).map(({ why, at }) => `${at}: ${why}`)

describe('the vectors of the facts', () => {
  it('frame check sequences: good frames of another protocol are known as such, an escaped check byte too', () => {
    const session = capture({ framing: 'rs232' })
    expect(read(session, bytesOf('C0 3A 71 9B 26 C1'), bytesOf('C0 3A 91 95 7D E1 C1'), bytesOf('C0 3A 71 9B 27 C1'))).toMatchObject([
      { kind: 'bad', why: 'a frame of another protocol' },
      { kind: 'bad', why: 'a frame of another protocol' },
      { kind: 'bad', why: 'checksum' },
    ])
  })

  it('a single poll of numerics goes out byte for byte', () => {
    const poll = serialFrame(singlePoll({ invoke: 1, pollNumber: 1, object: 6, group: 0 }))
    expect(hexOf(poll)).toBe('C0 11 01 00 24 E1 00 00 02 00 01 00 1C 00 01 00 07 00 16 00 21 00 00 00 00 00 00 00 00 0C 16 00 08 00 01 00 01 00 06 00 00 C6 C7 C1')
  })

  it('an extended poll for two seconds goes out as it was captured', () => {
    const poll = extendedPoll({ invoke: 0x03eb, pollNumber: 0, object: 6, group: 0 }, 0x3e80)
    expect(hexOf(poll).replaceAll(' ', '')).toBe('E10000020001002803EB0007002200210000000000000000F13B0014000000010006000000010008F13E000400003E80')
  })

  it('a release is read, its C1 escaped on the serial line', () => {
    const bytes = bytesOf('C0 11 01 00 1B 09 18 7D E1 16 61 80 30 80 02 01 01 A0 80 62 80 80 01 00 00 00 00 00 00 00 00 00 00 E3 6D C1')
    expect(read(capture(), bytes)).toMatchObject([{ kind: 'skipped', length: bytes.length, why: 'one side asks to part' }])
    expect(hexOf(serialFrame(RELEASE_REQUEST)).startsWith('C0 11 01 00 1A 09 18 7D E1 16 61 80 30 80 02 01 01 A0 80 62 80 80 01 00')).toBe(true)
  })

  it('the answer to the event with which a monitor begins', () => {
    const answer = createdAnswer(0x0001, new Uint8Array([0, 0x21, 0, 0, 0, 0]), 0x00484700)
    expect(hexOf(answer)).toBe('E1 00 00 02 00 02 00 14 00 01 00 01 00 0E 00 21 00 00 00 00 00 48 47 00 0D 06 00 00')
  })

  it('a list of waves names their labels', () => {
    expect(hexOf(setWaves(0, [0x0002_0102])).replaceAll(' ', '')).toBe('E10000020001002200000005001C002100000000000000000001000E0000F23A00080001000400020102')
  })

  it('an association request states its own lengths', () => {
    const request = associationRequest('lan')
    expect(request[1]).toBe(request.length - 2)
    expect(request.length).toBe(238)
    expect(hexOf(request)).toContain('52 01 00 01 30 80 06 02 51 01 00')
    expect(hexOf(request)).toContain('02 01 02 81 48 80 00 00 00 40 00 00 00 00 00 00 00 80 00 00 00 20 00 00 00')
    expect(hexOf(request)).toContain('F0 01 00 08 8C 00 00 00')
  })

  it('arterial pressure of a real monitor: 120/79 (95)', () => {
    const compound = bytesOf('00 03 00 1E 4A 17 00 00 0F 20 00 00 00 5F 4A 15 00 00 0F 20 00 00 00 78 4A 16 00 00 0F 20 00 00 00 4F')
    expect(said(read(capture(), result([thing([attribute(0x094b, put().u8(...compound))])])))).toEqual(['PRESS_BLD_ART_ABP_MEAN 95', 'PRESS_BLD_ART_ABP_SYS 120', 'PRESS_BLD_ART_ABP_DIA 79'])
  })

  it('arterial pressure wave of a real monitor: 125 samples a second, 16 to the mmHg', () => {
    const attributes = [
      attribute(0x096d, put().hex('00 20 10 0D A0 00')),
      attribute(0x098d, put().hex('00 00 00 40')),
      attribute(0x0996, put().hex('0F 20')),
      attribute(0x096f, put().hex('00 FF FF D8 00 00 02 08 00 A0 23 A0')),
      attribute(0x096e, put().hex('4A 14 00 00 00 40').u16(0x07f8, 0x07f1, ...repeated(0x0782, 30))),
    ]
    const [wave] = goodOf(read(capture(), created(), result([thing(attributes, 0, 0x091c)], { object: 9 }))).waveforms
    expect(wave).toMatchObject({ metric: 'MDC_PRESS_BLD_ART_ABP', rateHz: 125, unit: 'mm[Hg]', deviceAt: AT, channel: '' })
    expect(Array.from(wave?.samples.subarray(0, 3) ?? [], (sample) => sample * (wave?.scale ?? 0) + (wave?.offset ?? 0))).toEqual([77.5, 77.0625, 70.125])
  })
})

describe('FLOAT', () => {
  it.each([
    ['FD 00 7D 00', 32], ['FF 00 01 40', 32], ['FF 00 03 B6', 95], ['00 00 00 00', 0], ['01 00 00 0C', 120],
  ])('%s is %d', (hex, number) => expect(said(read(capture(), result([thing([value(HR, BPM, put().hex(hex))])])))).toEqual([`ECG_HEART_RATE ${number}`]))

  it.each(['00 7F FF FF', '00 80 00 00', '00 7F FF FE', '00 80 00 02', 'FF 7F FF FF', '00 80 00 01'])('%s is no number', (hex) => {
    expect(said(read(capture(), result([thing([value(HR, BPM, put().hex(hex))])])))).toEqual(['ECG_HEART_RATE not-measured'])
  })

  it.each([['01 00 01 40', 3_200], ['FF 00 00 0F', 1.5], ['7F 7F FF FD', 'huge'], ['00 FF FF FF', -1]])('%s (%s) is judged by the range of its metric', (hex, number) => {
    const expected = number === 1.5 ? '1.5' : 'out-of-range'
    expect(said(read(capture(), result([thing([value(HR, BPM, put().hex(hex))])])))).toEqual([`ECG_HEART_RATE ${expected}`])
  })
})

describe('the state of a value', () => {
  it.each([
    [0x0000, '70'], [0x0003, '70'], [0x0080, '70  validated'], [0x0400, '70  demo'], [0x0800, '70  test'], [0x0c00, '70  demo+test'],
    [0x8000, 'device-invalid'], [0x4000, 'device-invalid'], [0x2000, 'not-measured'], [0x1000, 'device-invalid'], [0xa000, 'device-invalid'],
    [0x0040, 'not-measured'], [0x0020, 'not-measured'], [0x0100, 'device-invalid'], [0x8400, 'device-invalid  demo'],
  ])('%i decides before the number is looked at', (state, expected) => {
    expect(said(read(capture(), result([heartRate(70, state)])))).toEqual([`ECG_HEART_RATE ${expected}`])
  })

  it('of a heart that stands still is a value: zero', () => expect(said(read(capture(), result([heartRate(0)])))).toEqual(['ECG_HEART_RATE 0']))

  it('in a demonstration or in service is so for everything the monitor says, by its operating mode', () => {
    expect(said(read(capture(), created(0x2000), result([heartRate(70)])))).toEqual(['ECG_HEART_RATE 70  demo+zone-assumed'])
    expect(said(read(capture(), created(0x1000), result([heartRate(70)])))).toEqual(['ECG_HEART_RATE 70  test+zone-assumed'])
  })
})

describe('code and unit', () => {
  const one = (code: number, unit: number, number: number, decimals = 0): readonly Frame[] => read(capture(), result([thing([value(code, unit, float(number, decimals))])]))
  it.each([
    [0x4822, BPM, 60, 'PULS_OXIM_PULS_RATE 60'], [0x480a, BPM, 60, 'PULS_RATE 60'], [0x50b0, MMHG, 38, 'CONC_AWAY_CO2_ET 38'], [0x4bb0, 0x0200, 3, 'PULS_OXIM_PERF_REL 3'],
    [0x4261, BPM, 4, 'ECG_V_P_C_RATE 4'], [0x4bc8, 0x0220, 96, 'PULS_OXIM_SAT_O2 96 left'], [0xf1c0, 0x0220, 96, 'PULS_OXIM_SAT_O2_PRE_DUCTAL 96'],
    [0xf0be, MMHG, 70, 'PRESS_BLD_DIA 70 FAP'], [0x4a47, MMHG, 8, 'PRESS_BLD_VEN_CENT_MEAN 8'], [0x580b, MMHG, 12, 'PRESS_INTRA_CRAN_MEAN 12'],
  ])('%i in %i is the metric that it means', (code, unit, number, expected) => expect(said(one(code, unit, number))).toEqual([expected]))

  it('are converted into the metric\'s own', () => {
    expect(said(one(0x4b60, 0x1140, 98.6, 1))).toEqual(['TEMP_CORE 37'])
    expect(said(one(0x4a15, 0x0f03, 16, 1))).toEqual(['PRESS_BLD_ART_ABP_SYS 120.01'])
    expect(said(one(0x0302, 0x0512, 1.5, 1))).toEqual(['ECG_AMPL_ST_II 0.15'])
  })

  it('that do not agree are a fault, and no value', () => {
    const { readings, faults } = goodOf(one(HR, MMHG, 70))
    expect([readings, faults]).toEqual([[], [{ why: 'code and unit philips:0F20 do not agree', at: 'MDC_ECG_HEART_RATE philips:4182' }]])
    expect(goodOf(one(HR, 0x7777, 70)).faults).toEqual([{ why: 'unknown unit philips:7777', at: 'MDC_ECG_HEART_RATE philips:4182' }])
    // An absent value may well come without one.
    expect(said(read(capture(), result([thing([value(HR, 0, float(null), 0x2000)])])))).toEqual(['ECG_HEART_RATE not-measured'])
  })

  it('of no metric, of a pressure that nobody labelled, and a gas in percent are left out by name', () => {
    expect(left(one(0x4bdc, 0x0c00, 5))).toEqual(['philips:4BDC: no metric for this code'])
    expect(left(one(0x4a01, MMHG, 12))).toEqual(['philips:4A01: no metric for this code'])
    expect(left(one(0x50b0, 0x0220, 5))).toEqual(['MDC_CONC_AWAY_CO2_ET philips:50B0: a gas in %, which says nothing without the air pressure'])
  })

  it('decide, and never a label: a cuff that a French monitor calls PB, a saturation labelled as a heart rate', () => {
    const labels = [attribute(0x0924, put().u32(0x24182)), attribute(0x0927, text('HR'))]
    expect(said(read(capture(), result([thing([...labels, value(0x4bb8, 0x0220, float(95))])])))).toEqual(['PULS_OXIM_SAT_O2 95'])
  })
})

describe('objects', () => {
  const saturation = (context: number, handle: number, label?: number): Thing =>
    thing([...(label === undefined ? [] : [attribute(0x0924, put().u32(label))]), value(0x4bb8, 0x0220, float(90 + context))], context, handle)

  it('are known by context and handle: two sensors with one handle are two sensors', () => {
    expect(said(read(capture(), result([saturation(1, 7), saturation(2, 7)])))).toEqual(['PULS_OXIM_SAT_O2 91', 'PULS_OXIM_SAT_O2 92 2.7'])
    const session = capture()
    read(session, result([saturation(1, 7), saturation(2, 7)]))
    expect(said(read(session, result([saturation(2, 7)], { ticks: TICKS + 8_000 })))).toEqual(['PULS_OXIM_SAT_O2 92 2.7'])
  })

  it('with one code are told apart by the code of their label', () => {
    const pulse = (label: number, handle: number): Thing => thing([attribute(0x0924, put().u32(label)), value(0x480a, BPM, float(60))], 0, handle)
    expect(said(read(capture(), result([pulse(0x8003_5402, 1), pulse(0x8003_5405, 2), pulse(0x8003_9999, 3)])))).toEqual(['PULS_RATE 60 ABP', 'PULS_RATE 60 PAP', 'PULS_RATE 60 80039999'])
  })

  it('that are in no result any more are absent, once: their module was pulled', () => {
    const session = capture()
    read(session, created(), result([heartRate(70), saturation(1, 7)]))
    for (const second of [1, 2, 3]) expect(said(read(session, result([heartRate(70)], { ticks: TICKS + second * 8_000 })))).toEqual(['ECG_HEART_RATE 70  zone-assumed'])
    expect(said(read(session, result([heartRate(70)], { ticks: TICKS + 3.5 * 8_000 })))).toEqual(['ECG_HEART_RATE 70  zone-assumed', 'PULS_OXIM_SAT_O2 not-measured  zone-assumed'])
    expect(said(read(session, result([heartRate(70)], { ticks: TICKS + 9 * 8_000 })))).toEqual(['ECG_HEART_RATE 70  zone-assumed'])
  })

  it('are not gone because a result comes in parts, also after a pause', () => {
    const session = capture()
    const parts = (ticks: number): readonly Uint8Array[] =>
      pollResult({ invoke: 5, number: 1, sequence: 3, ticks, object: 6, group: 0, things: [heartRate(70), saturation(1, 7)] }, 90)
    expect(parts(TICKS)).toHaveLength(2)
    read(session, ...parts(TICKS))
    const frames = read(session, ...parts(TICKS + 10 * 8_000))
    expect(frames.flatMap((frame) => (frame.kind === 'good' ? frame.readings.map(({ measurement }) => measurement.kind) : []))).toEqual(['measured', 'measured'])
  })

  it('are remembered up to a bound, and values go on beyond it', () => {
    const session = capture()
    const many = Array.from({ length: driverLimits.intellivueObjectsMax + 1 }, (_, index) => saturation(1, index, 0x24bb8))
    let count = 0
    for (const one of many) count += goodOf(read(session, result([one]))).readings.length
    expect(count).toBe(driverLimits.intellivueObjectsMax + 1)
  })

  it('that are states are left out with their names', () => {
    const rhythm = thing([attribute(0x099e, put().u16(0xf086, 0, 1, 2, 0x8000))])
    expect(left(read(capture(), result([rhythm], { object: 5 })))).toEqual(['philips:F086=32768: a state, and no metric is one'])
  })

  it('come in linked parts, each with its values', () => {
    const things = Array.from({ length: 12 }, (_, index) => thing([value(HR, BPM, float(60 + index))], 1, index))
    const parts = pollResult({ invoke: 5, number: 1, sequence: 3, ticks: TICKS, object: 6, group: 0, things }, 200)
    expect(parts.length).toBeGreaterThan(2)
    expect(parts.map((part) => part[5])).toEqual([...parts.slice(1).map(() => 5), 2])
    const frames = read(capture(), ...parts)
    expect(frames.flatMap((frame) => (frame.kind === 'good' ? frame.readings : [])).length).toBe(12)
  })
})

describe('a cuff', () => {
  const cuff = (systolic: number | null, options: { at?: number; state?: number; handle?: number } = {}): Thing => {
    const { at, state = 0, handle = 0x826a } = options
    const values = [[0x4a05, systolic], [0x4a06, 80]].map(([code, number]) => put().u16(code ?? 0, state, MMHG).add(float(number ?? null)))
    return thing([...(at === undefined ? [] : [attribute(0x0990, absoluteTime(at))]), attribute(0x094b, put().list(values))], 1, handle)
  }
  const readingsIn = (session: Session, what: Thing, ticks = TICKS): number => goodOf(read(session, result([what], { ticks }))).readings.length

  it('measures when it says, and its old value is not a new one', () => {
    const session = capture()
    const frames = read(session, created(), result([cuff(120, { at: AT - 600_000 })]))
    expect(said(frames)).toEqual(['PRESS_BLD_NONINV_SYS 120  zone-assumed+episodic', 'PRESS_BLD_NONINV_DIA 80  zone-assumed+episodic'])
    expect(goodOf(frames).readings[0]?.deviceAt).toBe(AT - 600_000)
    expect(goodOf(frames).sentAt).toBe(AT)
    expect(readingsIn(session, cuff(120, { at: AT - 600_000 }), TICKS + 8_000)).toBe(0)
    // Only that its alarm is silenced has changed.
    expect(readingsIn(session, cuff(120, { at: AT - 600_000, state: 1 }), TICKS + 16_000)).toBe(0)
    expect(readingsIn(session, cuff(120, { at: AT - 5_000 }), TICKS + 24_000)).toBe(2)
    read(session, associationResponse('lan', EXTENSION_NUMERICS), created())
    expect(readingsIn(session, cuff(120, { at: AT - 5_000, handle: 99 }))).toBe(0)
  })

  it('that is at work has no value yet', () => {
    const session = capture()
    for (const state of [0x0040, 0x0020, 0x0060, 0x2020]) expect(left(read(session, result([cuff(120, { at: AT, state })])))).toContain('philips:4A05: a measurement that is under way')
    expect(readingsIn(session, cuff(118, { at: AT }))).toBe(2)
  })

  it('without a time is of unknown age when we come, and new when it changes', () => {
    const session = capture()
    expect(left(read(session, result([cuff(120)])))).toContain('philips:4A05: a measurement of unknown age')
    expect(readingsIn(session, cuff(120))).toBe(0)
    const frames = read(session, created(), result([cuff(131)]))
    expect(goodOf(frames).readings.map(({ deviceAt }) => deviceAt)).toEqual([null])
  })

  it('that failed says so', () => {
    expect(said(read(capture(), created(), result([cuff(null, { at: AT, state: 0x8000 })])))[0]).toBe('PRESS_BLD_NONINV_SYS device-invalid  zone-assumed+episodic')
  })
})

describe('time', () => {
  const sentAt = (frames: readonly Frame[]): string | null => {
    const { sentAt: at } = goodOf(frames)
    return at === null ? null : isoOf(at)
  }
  it('is the tick counter, anchored by the event with which the monitor begins, in the zone of the setting', () => {
    expect(sentAt(read(capture(), created(), result([heartRate(70)], { ticks: TICKS + 12_345 * 8 + 4 })))).toBe('2017-11-04T14:45:03.346Z')
    expect(sentAt(read(capture({ zone: 'Europe/Paris' }), created(), result([heartRate(70)])))).toBe('2017-11-04T13:44:51.000Z')
  })

  it('is not known before', () => {
    const frame = goodOf(read(capture(), result([heartRate(70)])))
    expect([frame.sentAt, frame.readings[0]?.deviceAt, frame.readings[0]?.flags]).toEqual([null, null, []])
  })

  it('goes on when the counter begins again at zero', () => {
    const session = capture()
    read(session, createdEvent(1, 0xffff_fff0, [attribute(0x0987, absoluteTime(AT)), attribute(0x098f, put().u32(0xffff_fff0))]))
    expect(sentAt(read(session, result([heartRate(70)], { ticks: 0x30 })))).toBe('2017-11-04T14:44:51.008Z')
    const ticksAfter = (days: number): number => (days * 86_400_000 * 8 - 16) % 0x1_0000_0000
    for (let days = 1; days < 12; days++) read(session, result([heartRate(70)], { ticks: ticksAfter(days) }))
    expect(sentAt(read(session, result([heartRate(70)], { ticks: ticksAfter(12) })))).toBe('2017-11-16T14:44:51.000Z')
  })

  it('moves when somebody sets the clock, not with each second in which it is told', () => {
    const session = capture()
    const system = (at: number): Uint8Array => result([thing([attribute(0x0987, absoluteTime(at)), attribute(0x098f, put().u32(TICKS + 8_000))], 0, 1)], { object: 33, sequence: null })
    read(session, created(), system(AT + 2_000))
    expect(sentAt(read(session, result([heartRate(70)])))).toBe('2017-11-04T14:44:51.000Z')
    read(session, system(AT + 3_601_000))
    expect(sentAt(read(session, result([heartRate(70)])))).toBe('2017-11-04T15:44:51.000Z')
  })

  it.each(['FF FF FF FF FF FF FF FF', '20 17 13 04 14 45 00 00', '20 17 02 30 14 45 00 00', '20 17 11 04 24 45 00 00', '20 1A 11 04 14 45 00 00', '00 00 00 00 00 00 00 00'])('of %s is none', (hex) => {
    const session = capture()
    read(session, createdEvent(1, TICKS, [attribute(0x0987, put().hex(hex))]))
    expect(sentAt(read(session, result([heartRate(70)])))).toBeNull()
  })
})

describe('waves', () => {
  const form = (options: { count?: number; flags?: number; scale?: Writer; marks?: readonly (readonly [number, number])[] } = {}): readonly Writer[] => [
    attribute(0x096d, put().u16(options.count ?? 8).u8(16, 12).u16(options.flags ?? 0x9000)),
    attribute(0x098d, put().u32(64)),
    attribute(0x0996, put().u16(0x0200)),
    attribute(0x096f, options.scale ?? put().add(float(null)).add(float(null)).u16(0, 0x0fff)),
    attribute(0x0a16, put().list((options.marks ?? []).map(([id, mask]) => put().u16(id, mask)))),
  ]
  const block = (samples: readonly number[], state = 0, code = 0x4bb4): Writer => attribute(0x096e, put().u16(code, state, samples.length * 2, ...samples))
  const waves = (session: Session, attributes: readonly Writer[], ticks = TICKS): readonly Frame[] => read(session, result([thing(attributes, 1, 986)], { object: 9, ticks }))
  const RAMP = [100, 200, 300, 400, 500, 600, 700, 800]

  it('are read with the form that came before, a wave without physical values from 0 to 1', () => {
    const session = capture()
    expect(left(waves(session, [block(RAMP)]))).toEqual(['philips:4BB4: a wave whose form was not told yet'])
    expect(waves(session, form(), TICKS + 1_024)).toMatchObject([{ kind: 'skipped', why: 'a result without news' }])
    const [wave] = goodOf(waves(session, [block(RAMP)], TICKS + 2_048)).waveforms
    expect(wave).toMatchObject({ metric: 'MDC_PULS_OXIM_PLETH', rateHz: 125, unit: '1', offset: 0, deviceAt: null })
    expect((wave?.scale ?? 0) * 4_095).toBe(1)
    expect(Array.from(wave?.samples ?? [])).toEqual(RAMP)
  })

  it('are parted where samples are marked invalid, saturated or out of their range; each part has its own time', () => {
    const session = capture()
    read(session, created())
    const samples = [100, 0x4000 | 200, 300, 400, 0x8008 | 500, 600, 0x2000 | 700, 800]
    const parts = goodOf(waves(session, [...form({ marks: [[1, 0x4000], [4, 0x8008], [2, 0x2000]] }), block(samples)])).waveforms
    expect(parts.map(({ samples: part, deviceAt }) => [Array.from(part), (deviceAt ?? 0) - AT])).toEqual([
      [[100], 0],
      [[300, 400], 16],
      [[600, 700, 800], 40],
    ])
    const scale = put().add(float(0)).add(float(100)).u16(200, 700)
    const inRange = goodOf(waves(capture(), [...form({ scale }), block(RAMP)])).waveforms
    expect(inRange.map(({ samples: part }) => Array.from(part))).toEqual([[200, 300, 400, 500, 600, 700]])
    expect(200 * (inRange[0]?.scale ?? 0) + (inRange[0]?.offset ?? 1)).toBeCloseTo(0, 12)
  })

  it('of which all is marked are empty', () => {
    expect(waves(capture(), [...form({ marks: [[1, 0x4000]] }), block(RAMP.map((sample) => sample | 0x4000))])).toMatchObject([{ kind: 'skipped' }])
  })

  it.each([
    [0x8000, 'a wave that is not valid'], [0x4000, 'a wave that is not valid'], [0x0400, 'a wave of a demonstration or a test'], [0x0800, 'a wave of a demonstration or a test'],
  ])('in state %i are left out', (state, why) => expect(left(waves(capture(), [...form(), block(RAMP, state)]))).toEqual([`philips:4BB4: ${why}`]))

  it('of another length than their form states, of an unknown kind or unit are left out', () => {
    expect(left(waves(capture(), [...form(), block(RAMP.slice(1))]))).toEqual(['philips:4BB4: a wave whose form was not told yet'])
    expect(left(waves(capture(), [...form(), block(RAMP, 0, 0x7777)]))).toEqual(['philips:7777: a wave of no known kind'])
    expect(left(waves(capture(), [...form(), attribute(0x0996, put().u16(0x7777)), block(RAMP)]))).toEqual(['philips:4BB4: a wave in an unknown unit'])
  })

  it('of one object in two forms keep both: single leads, and the compound ECG of half the rate', () => {
    const session = capture()
    waves(session, form({ count: 8 }), TICKS)
    waves(session, form({ count: 4 }), TICKS + 8)
    expect(goodOf(waves(session, [block(RAMP)], TICKS + 1)).waveforms).toHaveLength(1)
    const compound = put().list([0x0102, 0x0143].map((code) => put().u16(code, 0, 8, 1, 2, 3, 4)))
    expect(goodOf(waves(session, [attribute(0x0967, compound)], TICKS + 2)).waveforms.map(({ metric }) => metric)).toEqual(['MDC_ECG_ELEC_POTL_II', 'MDC_ECG_ELEC_POTL_V'])
  })

  it('that come twice, as datagrams may, are read once', () => {
    const session = capture()
    expect(waves(session, [...form(), block(RAMP)])[0]?.kind).toBe('good')
    expect(waves(session, [...form(), block(RAMP)])[0]).toMatchObject({ kind: 'skipped', why: 'a wave result that came twice' })
    expect(waves(session, [block(RAMP)], TICKS + 2_048)[0]?.kind).toBe('good')
  })

  it('that do not fit their length are a fault', () => {
    const torn = attribute(0x096e, put().u16(0x4bb4, 0, 400, 1, 2))
    expect(goodOf(waves(capture(), [...form(), torn])).faults).toEqual([{ why: 'samples that do not fit their length', at: '66522' }])
  })
})

describe('alarms', () => {
  type Entry = { readonly code?: number; readonly source?: number; readonly type?: number; readonly state?: number; readonly words?: string }
  const entry = ({ code = 274, source = 256, type = 2, state = 0, words = 'ECG LEADS OFF' }: Entry): Writer => {
    const body = put().u16(1).u32(7).u16(0, 0x4000).add(text(words))
    return put().u16(source, code, type, state, 6, 1, 33, 0x0204, body.length).add(body)
  }
  const list = (entries: readonly Entry[], id = 0x0904, condition?: number): Uint8Array =>
    result([thing([...(condition === undefined ? [] : [attribute(0x0916, put().u16(condition, 0, 0, 0, 0))]), attribute(id, put().list(entries.map(entry)))], 1, 1)], { object: 54 })
  const told = (session: Session, message: Uint8Array): readonly string[] =>
    read(session, message).flatMap((frame) => (frame.kind === 'good' ? frame.alarms : [])).map(({ phase, priority, type, state, inactivation, text: words }) => [phase, priority, type, state, inactivation.join('+'), words].join(' '))

  it('live as captured: new, known, silenced, gone', () => {
    const session = capture()
    expect(told(session, list([{ state: 0x0008 }]))).toEqual(['start medium technical active  ECG LEADS OFF'])
    expect(told(session, list([{ state: 0x0000 }]))).toEqual([])
    expect(told(session, list([{ state: 0x1000 }]))).toEqual(['update medium technical active audio-off+alert-acknowledged ECG LEADS OFF'])
    expect(told(session, list([{ state: 0x1000 }]))).toEqual([])
    expect(told(session, list([]))).toEqual(['end medium technical inactive audio-off+alert-acknowledged ECG LEADS OFF'])
    expect(told(session, list([]))).toEqual([])
  })

  it('have code, source and id; a source among objects for odd codes', () => {
    const alarms = goodOf(read(capture(), list([{}, { code: 4, source: 0x4bb8, type: 0x0200 }, { code: 5, source: 0x1234, type: 1 }, { code: 6, source: 0x7777, type: 1 }]))).alarms
    expect(alarms.map(({ id, code, source }) => [id, code, source])).toEqual([
      ['256-274-1-33', 'philips:274', 'MDC_ECG_ELEC_POTL'],
      ['19384-4-1-33', 'philips:4', 'MDC_PULS_OXIM_SAT_O2'],
      ['4660-5-1-33', 'philips:5', 'philips:1234'],
      ['30583-6-1-33', 'philips:6', 'philips:7777'],
    ])
  })

  it.each([[0x0001, 'low technical'], [0x0002, 'medium technical'], [0x0004, 'high technical'], [0x0100, 'low physiological'], [0x0200, 'medium physiological'], [0x0400, 'high physiological']])(
    'of type %i are %s',
    (type, expected) => expect(told(capture(), list([{ type }]))[0]).toContain(expected),
  )

  it('of type 0 are none', () => expect(told(capture(), list([{ type: 0 }]))).toEqual([]))

  it.each([[0x8000, 'alarm-off'], [0x4000, 'alarm-paused'], [0x1000, 'audio-off+alert-acknowledged'], [0xc000, 'alarm-paused+alarm-off'], [0, '']])('in state %i are kept quiet: %s', (state, expected) => {
    expect(told(capture(), list([{ state }]))).toEqual([`start medium technical active ${expected} ECG LEADS OFF`])
    // So they are when the whole monitor is in it, silence apart: that is each alarm's own.
    expect(told(capture(), list([{}], 0x0904, state & 0xc000))).toEqual([`start medium technical active ${state === 0x1000 ? '' : expected} ECG LEADS OFF`])
  })

  it('off or paused as a whole are told when that changes, also where nothing alarms, and never of a demonstration', () => {
    const quiet = (session: Session, state: number) => read(session, list([], 0x0904, state)).map((frame) => (frame.kind === 'good' ? frame.quiet : frame.kind))
    const session = capture()
    expect([0, 0, 0x8000, 0x8000, 0x4000, 0xc000, 0].map((state) => quiet(session, state))).toEqual([
      [[]], ['skipped'], [['alarm-off']], ['skipped'], [['alarm-paused']], [['alarm-paused', 'alarm-off']], [[]],
    ])
    expect([0x8100, 0x8400].map((state) => quiet(capture(), state))).toEqual([['skipped'], ['skipped']])
  })

  it('rise, fall, latch, and are marked in demonstrations and tests', () => {
    const session = capture()
    const [yellow, red] = [{ code: 4, type: 0x0200 }, { code: 4, type: 0x0400 }]
    expect(told(session, list([yellow], 0x0902))[0]).toContain('start medium')
    expect(told(session, list([red], 0x0902))[0]).toContain('escalate high')
    expect(told(session, list([yellow], 0x0902))[0]).toContain('deescalate medium')
    expect(told(session, list([{ ...yellow, state: 0x2000 }], 0x0902))[0]).toContain('update medium physiological latched')
    expect(goodOf(read(capture(), list([{ state: 0x0100 }]))).alarms[0]?.flags).toEqual(['demo'])
    expect(goodOf(read(capture(), list([{ state: 0x0400 }]))).alarms[0]?.flags).toEqual(['test'])
    expect(goodOf(read(capture(), list([{}], 0x0904, 0x1100))).alarms[0]?.flags).toEqual(['demo'])
  })

  it('are two lists: what one says is not about the other', () => {
    const session = capture()
    told(session, list([{}], 0x0904))
    expect(told(session, list([], 0x0902))).toEqual([])
    expect(told(session, list([], 0x0904))).toHaveLength(1)
  })

  it('live through a new association', () => {
    const session = capture()
    told(session, list([{}, { code: 290 }]))
    read(session, associationResponse('lan', EXTENSION_NUMERICS), created())
    expect(told(session, list([{}]))).toEqual(['end medium technical inactive  ECG LEADS OFF'])
  })

  it('of a list that is cut off are a fault, and none of them ends', () => {
    const session = capture()
    told(session, list([{}]))
    const torn = result([thing([attribute(0x0904, put().u16(2, 40, 256, 274))], 1, 1)], { object: 54 })
    expect(goodOf(read(session, torn))).toMatchObject({ alarms: [], faults: [{ why: 'an alarm list that is cut off', at: 'technical alarms' }] })
    expect(told(session, list([{}]))).toEqual([])
  })

  it('are kept up to a bound', () => {
    const many = Array.from({ length: driverLimits.intellivueAlarmsMax + 1 }, (_, index) => put().u16(256, index * 2, 2, 0, 6, 1, 33, 0x0201, 10).u16(1).u32(7).u16(0, 0))
    const message = result([thing([attribute(0x0904, put().list(many))], 1, 1)], { object: 54 })
    expect(told(capture(), message)).toHaveLength(driverLimits.intellivueAlarmsMax)
  })
})

describe('the patient', () => {
  const patient = (state: number, mrn: string, family: string, given: string): Uint8Array =>
    result([thing([attribute(0x0957, put().u16(state)), attribute(0x095a, text(mrn)), attribute(0x095c, text(family)), attribute(0x095d, text(given))], 1, 80)], { object: 42, sequence: null })
  it('is named by a monitor that has admitted one, in any script', () => {
    expect(goodOf(read(capture(), patient(2, 'A-17', 'Ångström', 'Łucja'))).identity).toEqual({ mrn: 'A-17', name: 'Ångström, Łucja' })
    expect(goodOf(read(capture(), patient(2, 'A-17', '', ''))).identity).toEqual({ mrn: 'A-17', name: null })
    expect(read(capture(), patient(2, '', '', ''))).toMatchObject([{ kind: 'skipped', why: 'a result without news' }])
  })
  it.each([0, 1, 8])('is nobody in state %i, whatever name is still there', (state) => expect(read(capture(), patient(state, 'A-17', 'Ash', 'Ada'))).toMatchObject([{ kind: 'skipped' }]))
})

describe('a recording', () => {
  const messages = [created(), result([heartRate(70)]), result([heartRate(71)], { ticks: TICKS + 8_000 })]
  const joined = (framing: 'rs232' | 'lan', noise = new Uint8Array()): Uint8Array => Buffer.concat(messages.flatMap((message) => [noise, toWire(message, framing)]))

  it.each(['rs232', 'lan'] as const)('in %s is known by itself, also with lines of text between its frames', (framing) => {
    const noise = new TextEncoder().encode('2014-06-24 10:11:12.345 RX:\r\n')
    for (const bytes of [joined(framing), joined(framing, noise)]) {
      const frames = framesOf(capture(), [bytes])
      expect(frames.filter(({ kind }) => kind === 'good')).toHaveLength(2)
      expect(frames.filter(({ kind }) => kind === 'bad' || kind === 'quarantined')).toEqual([])
      expect(framesOf(capture(), cut(bytes, repeated(1, bytes.length))).map(described)).toEqual(frames.map(described))
    }
  })

  it('of one direction only, or with what the gateway said in it, is read too', () => {
    const both = [toWire(associationRequest('rs232'), 'rs232'), toWire(associationResponse('rs232', EXTENSION_NUMERICS), 'rs232'), joined('rs232'), serialFrame(singlePoll({ invoke: 1, pollNumber: 1, object: 6, group: 0 }))]
    expect(framesOf(capture(), both).map((frame) => ('why' in frame ? frame.why : frame.kind))).toEqual([
      'a client asks for an association', 'the monitor accepts the association', 'the monitor says what it is', 'good', 'good', 'a poll by the other side',
    ])
    expect(framesOf(capture(), [toWire(REFUSE, 'rs232'), toWire(ABORT, 'rs232'), toWire(refusal(1, 0), 'rs232')]).map((frame) => ('why' in frame ? frame.why : frame.kind))).toEqual([
      'the monitor refuses the association', 'the association is aborted', 'the monitor refuses an operation (error 0)',
    ])
  })

  it('with frames that are broken off, cut off or damaged loses those and no other', () => {
    const [first = new Uint8Array(), second = new Uint8Array()] = [heartRate(70), heartRate(71)].map((one) => toWire(result([one]), 'rs232'))
    const brokenOff = Uint8Array.from([...first.slice(0, 20), 0x7d, 0xc1])
    const damaged = first.map((byte, index) => (index === 50 ? byte ^ 1 : byte))
    const frames = framesOf(capture(), [Buffer.concat([first, brokenOff, second, first.slice(0, 30), second, damaged, first])])
    expect(frames.map((frame) => ('why' in frame ? frame.why : frame.kind))).toEqual(['good', 'a frame that its sender broke off', 'good', 'cut off by the next frame', 'good', 'checksum', 'good'])
  })

  it('of datagrams given one by one: one that is cut short does not swallow the next', () => {
    const session = capture({ framing: 'lan' })
    const [first = new Uint8Array(), second = new Uint8Array()] = [heartRate(70), heartRate(71)].map((one) => result([one]))
    const frames = [first.slice(0, 40), second].flatMap((datagram) => session.receive(datagram, NOW).frames)
    expect(frames).toMatchObject([{ kind: 'bad', why: 'cut off' }, { kind: 'good' }])
  })

  it('with a message that is longer than any is bad up to there, and read on behind it', () => {
    const max = driverLimits.intellivueMessageBytesMax
    const endless = Uint8Array.from([0xc0, 0x11, 0x01, ...repeated(0x55, max + 10)])
    const frames = framesOf(capture(), [endless, toWire(result([heartRate(70)]), 'rs232')])
    expect(frames.map(({ kind, length }) => [kind, length])).toEqual([['bad', max], ['skipped', 13], ['good', expect.any(Number)]])
  })

  it('whose lists do not fit their lengths is quarantined, and nothing of it is remembered', () => {
    const whole = result([heartRate(70), heartRate(71)])
    // The length of the second object's attributes.
    const torn = whole.map((byte, index) => (index === whole.length - 15 ? byte + 1 : byte))
    expect(read(capture(), torn)).toMatchObject([{ kind: 'quarantined', why: 'lists that do not fit their lengths' }])
    const short = Uint8Array.from([...whole.slice(0, 7), (whole[7] ?? 0) - 4, ...whole.slice(8, -4)])
    expect(read(capture(), short)).toMatchObject([{ kind: 'quarantined', why: 'the lengths within it disagree' }])
  })

  it('over a serial line never yields another number for a byte that was lost or changed', () => {
    const good = toWire(result([heartRate(70), thing([value(0x4bb8, 0x0220, float(97))], 1, 9)]), 'rs232')
    const damage = fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255), how: fc.constantFrom('change', 'drop', 'insert') })
    fc.assert(
      fc.property(damage, ({ at, byte, how }) => {
        const bytes = Array.from(good)
        bytes.splice(at, how === 'insert' ? 0 : 1, ...(how === 'drop' ? [] : [byte]))
        const values = framesOf(capture(), [Uint8Array.from(bytes)]).flatMap((frame) => (frame.kind === 'good' ? frame.readings.map(({ measurement }) => measurement) : []))
        expect([[], [{ kind: 'measured', value: 70 }, { kind: 'measured', value: 97 }]]).toContainEqual(values)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the dialogue', () => {
  const rs232 = { framing: 'rs232' } as const
  /** What a session sends, by the first byte of each message (or kind and command of an operation). */
  const saying = (sent: readonly Uint8Array[]): readonly string[] => sent.map((bytes) => (bytes[5] === 0xe1 ? `E1 ${bytes[10]} ${bytes[16]}` : (bytes[5] ?? 0).toString(16)))
  const accept = toWire(associationResponse('rs232', EXTENSION_NUMERICS), 'rs232')
  const create = toWire(created(), 'rs232')

  it('calls every two seconds until it is answered, after a release of what may be left of before', () => {
    const session = intellivue.open(rs232)
    for (const at of [0, 2_000, 4_000]) {
      const { send, wakeAt } = session.wake(monoMs(at))
      expect([saying(send), wakeAt]).toEqual([['9', 'd'], at + driverLimits.intellivueCallMs])
    }
    expect(session.wake(monoMs(4_500))).toEqual({ frames: [], send: [], wakeAt: 6_000 })
  })

  it('waits longer when it was refused, and calls again when the monitor aborts or parts', () => {
    for (const [message, delayMs, answer] of [[REFUSE, driverLimits.intellivueRefusedMs, []], [ABORT, driverLimits.intellivueCallMs, []], [RELEASE_REQUEST, driverLimits.intellivueCallMs, ['a']]] as const) {
      const session = intellivue.open(rs232)
      session.wake(monoMs(0))
      const { send, wakeAt } = session.receive(toWire(message, 'rs232'), monoMs(100))
      expect([saying(send), wakeAt]).toEqual([answer, 100 + delayMs])
      expect(saying(session.wake(monoMs(100 + delayMs)).send)).toEqual(['9', 'd'])
    }
  })

  it('polls nothing before the monitor has said what it is, and answers that each time', () => {
    const session = intellivue.open(rs232)
    session.wake(monoMs(0))
    expect(session.receive(accept, monoMs(50)).send).toEqual([])
    expect(saying(session.receive(create, monoMs(1_000)).send)).toEqual(['E1 2 1', 'E1 1 7', 'E1 1 7', 'E1 1 7'])
    expect(saying(session.wake(monoMs(1_128)).send)).toEqual(['E1 1 7'])
    expect(saying(session.receive(create, monoMs(3_000)).send)).toEqual(['E1 2 1'])
  })

  it('calls again when the monitor accepts and then says nothing', () => {
    const session = intellivue.open(rs232)
    session.wake(monoMs(0))
    expect(session.receive(accept, monoMs(50)).wakeAt).toBe(10_050)
    expect(saying(session.wake(monoMs(10_050)).send)).toEqual(['9', 'd'])
  })

  it('believes five seconds of silence to be the end, and its own echo to be nobody', () => {
    const session = intellivue.open(rs232)
    session.wake(monoMs(0))
    session.receive(accept, monoMs(50))
    session.receive(create, monoMs(100))
    session.receive(serialFrame(singlePoll({ invoke: 1, pollNumber: 1, object: 6, group: 0 })), monoMs(4_000))
    expect(saying(session.wake(monoMs(5_099)).send)).not.toContain('d')
    expect(saying(session.wake(monoMs(5_100 + 128)).send)).toEqual(['9', 'd'])
  })

  it('asks again for what a monitor refused, later and later, and for results that stay away', () => {
    const session = intellivue.open({ ...rs232, waves: 'none' })
    session.wake(monoMs(0))
    session.receive(accept, monoMs(50))
    session.receive(create, monoMs(100))
    session.wake(monoMs(300))
    const alive = pollResult({ invoke: 9, number: 2, sequence: 0, ticks: TICKS, object: 54, group: 0, things: [] }, 60_000)[0] ?? new Uint8Array()
    // The first poll, of numerics, had invoke id 1.
    const polls = (sent: readonly Uint8Array[]): readonly number[] => sent.filter((bytes) => bytes[16] === 7).map((bytes) => bytes[38] ?? 0)
    session.receive(toWire(refusal(1, 0), 'rs232'), monoMs(400))
    const asked: number[] = []
    for (let at = 500; at < 100_000; at += 100) {
      const outputs = [session.receive(toWire(alive, 'rs232'), monoMs(at)), session.wake(monoMs(at))]
      const sent = outputs.flatMap(({ send }) => send)
      if (!polls(sent).includes(6)) continue
      asked.push(at)
      session.receive(toWire(refusal(((sent.find((bytes) => bytes[38] === 6)?.[13] ?? 0) << 8) + (sent.find((bytes) => bytes[38] === 6)?.[14] ?? 0), 0), 'rs232'), monoMs(at))
    }
    expect(asked).toEqual([30_400, 90_400])
    // Once it is answered, and then no result comes any more, it is asked for within seconds.
    session.receive(toWire(result([]), 'rs232'), monoMs(100_000))
    const again: number[] = []
    for (let at = 100_100; at < 106_000; at += 100) {
      const outputs = [session.receive(toWire(alive, 'rs232'), monoMs(at)), session.wake(monoMs(at))]
      if (polls(outputs.flatMap(({ send }) => send)).includes(6)) again.push(at)
    }
    expect(again).toEqual([104_000])
  })

  it('asks five minutes after a refusal at the latest', () => {
    const session = intellivue.open({ ...rs232, waves: 'none' })
    session.wake(monoMs(0))
    session.receive(accept, monoMs(50))
    session.receive(create, monoMs(100))
    const asked: number[] = []
    for (let at = 300; at < 2_000_000; at += 1_000) {
      for (const bytes of session.wake(monoMs(at)).send) {
        const invoke = ((bytes[13] ?? 0) << 8) | (bytes[14] ?? 0)
        // All but alarms are refused.
        const answer = bytes[38] === 54 ? result([], { object: 54 }) : refusal(invoke, 0)
        if (bytes[16] === 7) session.receive(toWire(answer, 'rs232'), monoMs(at))
        if (bytes[16] === 7 && bytes[38] === 33) asked.push(at)
      }
      session.receive(toWire(pollResult({ invoke: 9, number: 2, sequence: 0, ticks: TICKS, object: 54, group: 0, things: [] }, 60_000)[0] ?? new Uint8Array(), 'rs232'), monoMs(at))
    }
    const pausesMs = asked.slice(1).map((at, index) => at - (asked[index] ?? 0))
    expect(pausesMs.slice(0, 4).map((ms) => Math.round(ms / 1_000))).toEqual([30, 60, 120, 240])
    expect(Math.max(...pausesMs)).toBeLessThanOrEqual(driverLimits.intellivuePollRetryMsMax + 1_000)
  })

  it('is the same machine for the same bytes and times', () => {
    const run = (): unknown => {
      const session = intellivue.open(rs232)
      return [session.wake(monoMs(0)), session.receive(accept, monoMs(50)), session.receive(create, monoMs(100)), session.wake(monoMs(4_000))].map(({ send, wakeAt }) => [send, wakeAt])
    }
    expect(run()).toEqual(run())
  })

  it('keeps no more waiting than its bound, however often a monitor repeats itself', () => {
    const session = intellivue.open(rs232)
    session.wake(monoMs(0))
    session.receive(accept, monoMs(50))
    for (let times = 0; times < driverLimits.intellivueOutboxMax * 4; times++) session.receive(create, monoMs(100))
    let sent = 0
    for (let at = 100; at < 4_000; at += 128) sent += session.wake(monoMs(at)).send.length
    expect(sent).toBeLessThanOrEqual(driverLimits.intellivueOutboxMax)
  })
})

describe('settings', () => {
  it('take waves by name, and refuse what no monitor could send', () => {
    expect(() => intellivue.open({ waves: 'ii, pleth' })).not.toThrow()
    expect(() => intellivue.open({ waves: 'none' })).not.toThrow()
    expect(() => intellivue.open({ waves: 'II,EEG' })).toThrow('there is no wave "eeg"')
    expect(() => intellivue.open({ waves: Array.from({ length: 12 }, () => 'II').join(',') })).toThrow('three leads')
  })
})
