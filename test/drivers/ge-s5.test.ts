import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import geS5 from '../../drivers/ge-s5/driver.ts'
import { alarmRequest, displayedRequest, stopRequest, stopWavesRequest, trendRequest, waveRequest } from '../../drivers/ge-s5/requests.ts'
import { isoOf, monoMs } from '../../src/domain/time.ts'
import { driverLimits } from '../../src/limits.ts'
import type { DriverSettings, Frame, Session } from '../../src/seams.ts'
import {
  type Group, type GroupName, type Header, INVALID, type Part, type ShownAlarm,
  alarmPart, auxiliaryPart, basicPart, extendedPart, framed, recordOf, wavePart,
} from '../../simulators/monitors/ge-s5-record.ts'
import { framesOf } from '../contract/driver.ts'

const AT = 1_251_973_827
const ON = 0b11
const capture = (settings: DriverSettings = {}): Session => geS5.openCapture?.(settings) ?? geS5.open(settings)
const hexOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex')
const record = (parts: readonly Part[], header: Partial<Header> = {}): Uint8Array => framed(recordOf({ level: 6, time: AT, type: 0, ...header }, parts))
const displayed = (groups: Partial<Record<GroupName, Group>>, at = AT, ecgRate = INVALID): Uint8Array => record([basicPart(1, at, groups, { ecgRate })], { time: at })

type Good = Extract<Frame, { kind: 'good' }>
const goodOf = (frames: readonly Frame[]): Good => {
  const good = frames.find((frame): frame is Good => frame.kind === 'good')
  if (good === undefined) throw new Error(`no good frame: ${frames.map((frame) => ('why' in frame ? frame.why : frame.kind)).join()}`)
  return good
}
const heard = (session: Session, bytes: Uint8Array): Good => goodOf(session.receive(bytes, monoMs(0)).frames)
/** `P1 MDC_PRESS_BLD_ART_SYS` → 120, or the reason, with flags of doubt behind it. */
const valuesOf = ({ readings }: Good): Record<string, string | number> =>
  Object.fromEntries(
    readings.map(({ metric, measurement, channel, flags }) => {
      const doubt = flags.includes('questionable') ? '?' : ''
      return [`${channel} ${metric.id}`.trim(), measurement.kind === 'absent' ? measurement.reason : doubt === '' ? measurement.value : `${measurement.value}${doubt}`]
    }),
  )
const read = (groups: Partial<Record<GroupName, Group>>, settings: DriverSettings = {}, ecgRate = INVALID): Record<string, string | number> =>
  valuesOf(heard(capture(settings), displayed(groups, AT, ecgRate)))

describe('requests, byte for byte as in the specification', () => {
  const zeros = (count: number): string => '00'.repeat(count)
  it('for displayed values each ten seconds', () => {
    expect(hexOf(displayedRequest(10))).toBe(`7e31${zeros(20)}ff${zeros(18)}010a000e0000000000497e`)
  })
  it('to stop', () => expect(hexOf(stopRequest())).toBe(`7e31${zeros(20)}ff${zeros(18)}010000000000000000317e`))
  it('for trends of a minute, whose checksum must be escaped', () => {
    expect(hexOf(trendRequest(60))).toBe(`7e31${zeros(20)}ff${zeros(18)}033c000e00000000007d5d7e`)
  })
  it('for a waveform', () => {
    const bytes = waveRequest([1])
    expect(hexOf(bytes.subarray(0, 3))).toBe('7e4800')
    expect(bytes[15]).toBe(1)
    expect(hexOf(bytes.subarray(41, 53))).toBe('0000000001ff000000000000')
    expect(hexOf(bytes.subarray(-2))).toBe('487e')
    expect(bytes.length).toBe(75)
  })
  it('are passed by where a recording has both directions', () => {
    const requests = [displayedRequest(10), stopRequest(), trendRequest(60), waveRequest([1, 4]), stopWavesRequest(), alarmRequest()]
    expect(framesOf(capture(), requests).map((frame) => 'why' in frame && frame.why)).toEqual(requests.map(() => 'a request of a computer'))
  })
})

describe('records', () => {
  const spo2 = { spo2: { status: ON, label: 0, values: [9_700, 80] } }

  it('come with the time of the monitor, in the zone of the setting', () => {
    const { sentAt, readings } = heard(capture({ zone: 'Europe/Helsinki' }), displayed(spo2))
    expect([sentAt, readings[0]?.deviceAt].map((at) => (at ? isoOf(at) : null))).toEqual(['2009-09-03T07:30:27.000Z', '2009-09-03T07:30:27.000Z'])
    expect(readings[0]?.flags).toEqual(['zone-assumed'])
  })

  it('of a monitor that does not know the time have none', () => {
    const { sentAt, readings } = heard(capture(), displayed(spo2, 0))
    expect([sentAt, readings[0]?.deviceAt, readings[0]?.flags]).toEqual([null, null, []])
  })

  it('of trends are history, never live', () => {
    for (const type of [2, 3] as const) {
      const { sentAt, readings } = heard(capture(), record([basicPart(type, AT - 60, spo2)]))
      expect(sentAt).toBe(null)
      expect(readings.length).toBeGreaterThan(0)
      for (const { flags, deviceAt } of readings) expect([flags.includes('history'), deviceAt]).toEqual([true, (AT - 60) * 1_000])
    }
  })

  it('are found again after garbage, half frames and lost flags', () => {
    const good = displayed(spo2)
    const text = new TextEncoder().encode('[2026-11-22 07:00:01] received 1155 bytes from the monitor:\n')
    const kinds = (...chunks: readonly Uint8Array[]): string => framesOf(capture(), chunks).map(({ kind }) => kind).join()
    expect(kinds(text, good, text, good, Uint8Array.of(0xff), good)).toBe('skipped,good,skipped,good,skipped,good')
    expect(kinds(good.slice(0, 200), good)).toBe('bad,good')
    expect(kinds(good.slice(0, 20), good)).toBe('skipped,good')
    expect(kinds(good.slice(0, -1), good, good)).toBe('good,good,good')
    expect(kinds(good.slice(0, -2), good, good)).toBe('bad,good,good')
    expect(kinds(good.slice(1), good)).toBe('good,good')
    expect(kinds(good, good.slice(1), good)).toBe('good,good,good')
    expect(kinds(good, good.slice(100))).toBe('good,skipped')
    expect(kinds(good, good.slice(0, 200))).toBe('good,bad')
  })

  it('with every byte escaped that must be are read', () => {
    const values = { spo2: { status: ON, label: 0x7e7d, values: [9_700, 0x7e] }, p1: { status: ON, label: 1, values: [0x7d7e, 0x7e7d, 0x7e00] } }
    expect(read(values)).toMatchObject({ 'MDC_PULS_OXIM_PULS_RATE': 126, 'P1 MDC_PRESS_BLD_ART_SYS': 321.26, 'P1 MDC_PRESS_BLD_ART_DIA': 323.81, 'P1 MDC_PRESS_BLD_ART_MEAN': 322.56 })
  })

  it('that are damaged give the same number or none: a lost byte, a changed byte, at every place', () => {
    const good = record([basicPart(1, AT, { ...spo2, ecg: { status: ON | (1 << 3), label: 0, values: [72] }, p1: { status: ON, label: 1, values: [12_000, 0x7e7d, 9_000] } })])
    const expected = valuesOf(goodOf(framesOf(capture(), [good])))
    const judge = (damaged: Uint8Array): void => {
      for (const frame of framesOf(capture(), [damaged, good])) if (frame.kind === 'good') expect(valuesOf(frame)).toEqual(expected)
    }
    for (let at = 0; at < good.length; at++) judge(Uint8Array.from([...good.slice(0, at), ...good.slice(at + 1)]))
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => judge(good.map((byte, index) => (index === at ? byte ^ by : byte)))),
      { numRuns: 1_500 },
    )
  })

  it('as long as is allowed are read, one byte more is bad', () => {
    // A sample takes two bytes, or four where both are escaped; the one of three makes the length even.
    const long = (samples: number, plain: number): Uint8Array =>
      record([wavePart(8, [...Array.from({ length: samples }, () => 0x7d7d), 0x7d01, ...Array.from({ length: plain }, () => 0x0101)])], { type: 1, time: 0x01010101 })
    const base = long(1_000, 0).length
    const pairs = Math.floor((driverLimits.driFrameBytesMax - base) / 2)
    const most = long(1_000, pairs)
    expect([most.length, long(1_000, pairs + 1).length]).toEqual([driverLimits.driFrameBytesMax, driverLimits.driFrameBytesMax + 2])
    expect(framesOf(capture(), [most])[0]?.kind).toBe('good')
    const over = Uint8Array.from([...most.slice(0, -1), 0x01, 0x7e])
    expect(framesOf(capture(), [over])).toMatchObject([{ kind: 'bad', length: driverLimits.driFrameBytesMax, why: `more than ${driverLimits.driFrameBytesMax} bytes without an end` }])
    expect(framesOf(capture(), Array.from(over, (byte) => Uint8Array.of(byte)))[0]).toMatchObject({ kind: 'bad', why: `more than ${driverLimits.driFrameBytesMax} bytes without an end` })
  })

  it('whose parts lie outside of them are not believed; garbage behind the list of parts is nothing', () => {
    const whole = recordOf({ level: 6, time: AT, type: 0, garbage: 0x7fff }, [basicPart(1, AT, spo2)])
    expect(framesOf(capture(), [framed(whole)])[0]?.kind).toBe('good')
    const outside = whole.map((byte, at) => (at === 17 ? 0x7f : byte))
    expect(framesOf(capture(), [framed(outside)])[0]).toMatchObject({ kind: 'quarantined', why: 'part 1 lies outside of its record' })
    const short = recordOf({ level: 6, time: AT, type: 0 }, [{ type: 1, bytes: new Uint8Array(100) }])
    expect(framesOf(capture(), [framed(short)])[0]).toMatchObject({ kind: 'good', readings: [], faults: [{ why: 'shorter than its layout', at: 'values 1' }] })
  })

  it('of kinds that are not read are passed by', () => {
    expect(framesOf(capture(), [record([{ type: 2, bytes: new Uint8Array(20) }], { type: 5 })])).toMatchObject([{ kind: 'skipped', why: 'a record of type 5' }])
    expect(goodOf(framesOf(capture(), [record([basicPart(1, AT, spo2), extendedPart(1, AT, 2)])])).leftOut).toEqual([{ why: 'extended values', at: 'class 2' }])
  })
})

describe('heart rate', () => {
  const ecg = (bits: readonly number[], rate: number, source = 1): { ecg: Group } => ({ ecg: { status: bits.reduce((status, bit) => status | (1 << bit), ON | (source << 3)), label: 0x3275, values: [rate] } })
  const rateOf = (group: { ecg: Group }, ecgRate = INVALID): string | number | undefined => read(group, {}, ecgRate)['MDC_ECG_HEART_RATE']

  it.each([
    ['measured', [], 72, 72],
    ['zero with asystole: a value', [2], 0, 0],
    ['zero while the ECG is learned: not asystole', [9], 0, 'not-measured'],
    ['zero with asystole, though it is learning', [2, 9], 0, 0],
    ['zero with asystole, though a lead is off', [2, 11], 0, 0],
    ['zero with the lead off', [11], 0, 'lead-off'],
    ['zero for no reason', [], 0, 'device-invalid'],
    ['no data with the lead off', [11], INVALID, 'lead-off'],
    ['no data', [], INVALID, 'not-measured'],
    ['no data with asystole: the alarm says it, no number is made up', [2], INVALID, 'not-measured'],
    ['amid noise', [7], 72, '72?'],
    ['amid artifacts', [8], 72, '72?'],
    ['above zero with asystole', [2], 40, '40?'],
    ['out of this world', [], 400, 'out-of-range'],
    ['negative', [], -5, 'device-invalid'],
  ] as const)('%s', (_, bits, rate, expected) => expect(rateOf(ecg(bits, rate))).toBe(expected))

  it('of a module that is not active is not measured, whatever number still stands there', () => {
    expect(rateOf({ ecg: { status: 1 | (1 << 3), label: 0, values: [72] } })).toBe('not-measured')
    expect(rateOf({ ecg: { status: 1 | (1 << 3) | (1 << 2), label: 0, values: [0] } })).toBe('not-measured')
  })

  it('of a module that is not there is not spoken of; pulled out, it is not measured, and that is said once', () => {
    const session = capture()
    const none = displayed({})
    expect(valuesOf(heard(session, none))['MDC_ECG_HEART_RATE']).toBe(undefined)
    heard(session, displayed(ecg([], 72)))
    expect(valuesOf(heard(session, none))['MDC_ECG_HEART_RATE']).toBe('not-measured')
    expect(valuesOf(heard(session, none))['MDC_ECG_HEART_RATE']).toBe(undefined)
  })

  it.each([
    [2, 'MDC_BLD_PULS_RATE_INV'],
    [5, 'MDC_BLD_PULS_RATE_INV'],
    [8, 'MDC_BLD_PULS_RATE_INV'],
    [6, 'MDC_PULS_OXIM_PULS_RATE'],
    [11, 'MDC_PULS_RATE'],
  ])('counted elsewhere (source %i) is a pulse of its place; the ECG\'s own stands apart', (source, id) => {
    expect(read(ecg([], 66, source), {}, 68)).toMatchObject({ [`HR ${id}`]: 66, MDC_ECG_HEART_RATE: 68 })
    expect(read(ecg([11], 66, source), {}, INVALID)).toMatchObject({ [`HR ${id}`]: 66, MDC_ECG_HEART_RATE: 'lead-off' })
    expect(rateOf(ecg([2], 0, source), INVALID)).toBe(0)
  })

  it('counted by the ECG again takes its pulse away, once', () => {
    const session = capture()
    heard(session, displayed(ecg([11], 66, 6)))
    expect(valuesOf(heard(session, displayed(ecg([], 70))))).toMatchObject({ 'HR MDC_PULS_OXIM_PULS_RATE': 'not-measured', MDC_ECG_HEART_RATE: 70 })
    expect(Object.keys(valuesOf(heard(session, displayed(ecg([], 70)))))).not.toContain('HR MDC_PULS_OXIM_PULS_RATE')
  })

  it('without a source is not believed', () => expect(rateOf(ecg([], 72, 0))).toBe('device-invalid'))

  it('comes with ST in millivolts of the leads that the label names', () => {
    expect(read({ ecg: { status: ON | (1 << 3), label: 0x3275, values: [72, 120, 55, -80] } })).toMatchObject({ MDC_ECG_AMPL_ST_II: 0.12, MDC_ECG_AMPL_ST_AVL: -0.08 })
  })
})

describe('breaths', () => {
  const breaths = (raw: number, { ecg = 0, co2 }: { readonly ecg?: number; readonly co2?: number } = {}): string | number | undefined =>
    read({ ecg: { status: ON | (1 << 3) | ecg, label: 0, values: [72, INVALID, INVALID, INVALID, raw] }, ...(co2 === undefined ? {} : { co2: { status: ON | co2, label: 0, values: [INVALID, INVALID, INVALID, 7_600] } }) })['MDC_RESP_RATE']

  it('through the chest are values; none is one where the monitor says apnoea, and doubtful where it has no way to', () => {
    expect([breaths(16), breaths(0, { co2: 1 << 7 }), breaths(0), breaths(0, { ecg: 1 << 11 }), breaths(INVALID, { ecg: 1 << 11 }), breaths(0, { ecg: 1 << 7 })]).toEqual([16, 0, '0?', 'lead-off', 'lead-off', 'device-invalid'])
  })

  const gas = (bits: readonly number[], raw: number): string | number | undefined =>
    read({ co2: { status: bits.reduce((status, bit) => status | (1 << bit), ON), label: 0, values: [500, 0, raw, 7_600] } })['MDC_CO2_RESP_RATE']
  it.each([
    [[], 14, 14],
    [[2], 0, 0],
    [[], 0, 'device-invalid'],
    [[3], 14, 'not-measured'],
    [[4], 14, 'not-measured'],
    [[8], 14, 'not-measured'],
    [[5], 14, 'device-invalid'],
    [[6], 0, 'device-invalid'],
  ] as const)('in the gas, status bits %j and %i: %s', (bits, raw, expected) => expect(gas(bits, raw)).toBe(expected))
})

describe('carbon dioxide', () => {
  const co2 = (raw: number, ambient: number): { co2: Group } => ({ co2: { status: ON, label: 0, values: [raw, 20, 14, ambient] } })

  it('is turned from a percentage into mmHg with the pressure of the room, wet or dry', () => {
    expect(read(co2(500, 7_600))['MDC_CONC_AWAY_CO2_ET']).toBe(35.65)
    expect(read(co2(500, 7_551))['MDC_CONC_AWAY_CO2_ET']).toBe(35.41)
    expect(read(co2(500, 7_600), { co2: 'dry' })).toMatchObject({ MDC_CONC_AWAY_CO2_ET: 38, MDC_CONC_AWAY_CO2_INSP: 1.52 })
    expect(read(co2(0, 7_600))['MDC_CONC_AWAY_CO2_ET']).toBe(0)
  })

  it('without a believable pressure of the room has no value', () => {
    for (const ambient of [INVALID, 0, 3_990, 8_510]) {
      const good = heard(capture(), displayed(co2(500, ambient)))
      expect([valuesOf(good)['MDC_CONC_AWAY_CO2_ET'], good.leftOut]).toEqual(['device-invalid', [{ at: 'co2', why: 'no ambient pressure to turn a percentage into mmHg' }]])
    }
  })
})

describe('pressures and temperatures', () => {
  it.each([
    [1, { 'P2 MDC_PRESS_BLD_ART_SYS': 120, 'P2 MDC_PRESS_BLD_ART_DIA': 70, 'P2 MDC_PRESS_BLD_ART_MEAN': 85.5, 'P2 MDC_BLD_PULS_RATE_INV': 71 }],
    [8, { 'P2 MDC_PRESS_BLD_ART_ABP_SYS': 120, 'P2 MDC_PRESS_BLD_ART_ABP_DIA': 70, 'P2 MDC_PRESS_BLD_ART_ABP_MEAN': 85.5, 'P2 MDC_BLD_PULS_RATE_INV': 71 }],
    [16, { 'P2 MDC_PRESS_BLD_SYS': 120, 'P2 MDC_PRESS_BLD_DIA': 70, 'P2 MDC_PRESS_BLD_MEAN': 85.5, 'P2 MDC_BLD_PULS_RATE_INV': 71 }],
    [3, { 'P2 MDC_PRESS_BLD_ART_PULM_SYS': 120, 'P2 MDC_PRESS_BLD_ART_PULM_DIA': 70, 'P2 MDC_PRESS_BLD_ART_PULM_MEAN': 85.5 }],
    [2, { 'P2 MDC_PRESS_BLD_VEN_CENT_MEAN': 'out-of-range' }],
    [7, { 'P2 MDC_PRESS_INTRA_CRAN_MEAN': 85.5 }],
    [4, {}], [5, {}], [6, {}], [9, {}], [14, {}], [18, {}], [20, {}], [0, {}], [99, {}],
  ])('of a line with the label %i are what the label says, and no blood pressure without one', (label, expected) => {
    expect(read({ p2: { status: ON, label, values: [12_000, 7_000, 8_550, 71] } })).toEqual(expected)
  })

  it('below zero are values', () => expect(read({ p6: { status: ON, label: 2, values: [0, -300, -150] } })).toEqual({ 'P6 MDC_PRESS_BLD_VEN_CENT_MEAN': -1.5 }))

  it.each([
    [1, 'MDC_TEMP_ESOPH'], [2, 'MDC_TEMP_NASOPH'], [3, 'MDC_TEMP_TYMP'], [4, 'MDC_TEMP_RECT'], [5, 'MDC_TEMP'], [6, 'MDC_TEMP_AXIL'], [7, 'MDC_TEMP_SKIN'], [15, 'MDC_TEMP_CORE'], [16, 'MDC_TEMP_SKIN'],
  ])('of a thermometer with the label %i is %s', (label, id) => expect(read({ t4: { status: ON, label, values: [3_745] } })).toEqual({ [`T4 ${id}`]: 37.45 }))

  it('of thermometers that nobody named are no body temperature; of room air neither', () => {
    const good = heard(capture(), displayed({ t1: { status: ON, label: 11, values: [3_700] }, t2: { status: ON, label: 1, values: [1_800] } }))
    expect(valuesOf(good)).toEqual({ 'T2 MDC_TEMP_ESOPH': 'out-of-range' })
    expect(good.leftOut).toEqual([{ at: 'T1', why: 'label 11 names no place of the body' }])
  })
})

describe('numbers that are no data', () => {
  const saturation = (session: Session, raw: number, status = ON): string | number | undefined => valuesOf(heard(session, displayed({ spo2: { status, label: 0, values: [raw] } })))['MDC_PULS_OXIM_SAT_O2']

  it.each([
    [-32_767, 'not-measured'], [-32_766, 'not-measured'], [-32_765, 'not-measured'], [-32_764, 'out-of-range'], [-32_763, 'out-of-range'],
    [-32_762, 'device-invalid'], [-32_768, 'device-invalid'], [-32_001, 'device-invalid'], [-32_000, 'out-of-range'], [0, 'out-of-range'], [10_001, 'out-of-range'],
  ])('%i of a sensor that has measured nothing yet: %s', (raw, reason) => expect(saturation(capture(), raw)).toBe(reason))

  it('of a sensor that measured before are invalid: somebody should look; until its module is off', () => {
    const session = capture()
    expect([saturation(session, INVALID), saturation(session, 9_700), saturation(session, INVALID), saturation(session, -32_766), saturation(session, INVALID, 1), saturation(session, INVALID)]).toEqual([
      'not-measured', 97, 'device-invalid', 'device-invalid', 'not-measured', 'not-measured',
    ])
  })
})

describe('the cuff', () => {
  const OLD = 1 << 8
  const MEASURING = 1 << 5
  const cuff = (label: number, values: readonly number[] = [12_000, 7_000, 8_600, 70], status = ON): { nibp: Group } => ({ nibp: { status, label, values } })
  const parts = (groups: { nibp: Group }, at: number, cuffAt: number | null): Uint8Array =>
    record([basicPart(1, at, groups), ...(cuffAt === null ? [] : [auxiliaryPart(cuffAt)])], { time: at })
  const seen = (session: Session, groups: { nibp: Group }, at: number, cuffAt: number | null = null): string => {
    const { readings } = heard(session, parts(groups, at, cuffAt))
    const [first] = readings
    if (first === undefined) return '-'
    expect(readings.map(({ metric }) => metric.id)).toEqual(['MDC_PRESS_BLD_NONINV_SYS', 'MDC_PRESS_BLD_NONINV_DIA', 'MDC_PRESS_BLD_NONINV_MEAN', 'MDC_PULS_RATE_NON_INV'])
    for (const { flags } of readings) expect(flags).toContain('episodic')
    const { measurement, deviceAt } = first
    return measurement.kind === 'measured' ? `${measurement.value} at ${(deviceAt ?? 0) / 1_000 - AT}` : measurement.reason
  }

  it('is told once, not each time that it is shown', () => {
    const session = capture()
    expect([0, 5, 10, 55].map((after) => seen(session, cuff(0), AT + after))).toEqual(['120 at 0', '-', '-', '-'])
    expect([60, 65].map((after) => seen(session, cuff(OLD), AT + after))).toEqual(['-', '-'])
  })

  it('that is older than a minute when first seen is not told: nobody knows when it was', () => {
    const good = heard(capture(), parts(cuff(OLD), AT, null))
    expect([good.readings, good.leftOut]).toEqual([[], [{ at: 'nibp', why: 'older than 60 s, and its time is not known' }]])
  })

  it('measuring the same numbers again is a new measurement; what stands there meanwhile is not', () => {
    const session = capture()
    const labels = [0, OLD, OLD | MEASURING, MEASURING, 0, 0, OLD, 0]
    expect(labels.map((label, index) => seen(session, cuff(label), AT + index))).toEqual(['120 at 0', '-', '-', '-', '120 at 4', '-', '-', '120 at 7'])
  })

  it('that fails is invalid, and one that the monitor takes off its screen is not measured', () => {
    const session = capture()
    const nothing = [INVALID, INVALID, INVALID, INVALID]
    expect([seen(session, cuff(0), AT), seen(session, cuff(MEASURING), AT + 5), seen(session, cuff(0, nothing), AT + 10), seen(session, cuff(0, nothing), AT + 15)]).toEqual(['120 at 0', '-', 'device-invalid', '-'])
    expect([seen(session, cuff(0), AT + 60), seen(session, cuff(0, nothing), AT + 65), seen(session, cuff(0, nothing, 1), AT + 70), seen(session, cuff(0, nothing, 1), AT + 75)]).toEqual(['120 at 60', 'not-measured', 'not-measured', '-'])
  })

  it('has the time at which it was measured where the monitor tells it, however old it is', () => {
    const session = capture()
    const cuffAt = AT - 900
    expect([seen(session, cuff(OLD), AT, cuffAt), seen(session, cuff(OLD), AT + 5, cuffAt)]).toEqual(['120 at -900', '-'])
    expect([seen(session, cuff(MEASURING), AT + 10, cuffAt), seen(session, cuff(0), AT + 40, AT + 35), seen(session, cuff(0), AT + 45, AT + 35)]).toEqual(['-', '120 at 35', '-'])
  })

  it('told without its time is not told again with it', () => {
    const session = capture()
    expect([seen(session, cuff(0), AT), seen(session, cuff(0), AT + 5, AT - 20), seen(session, cuff(0), AT + 300, AT + 290)]).toEqual(['120 at 0', '-', '120 at 290'])
  })

  it.each([[AT + 100], [AT - 90_000], [0]])('has no time that lies in the future or days ago (%i)', (cuffAt) => {
    expect(seen(capture(), cuff(0), AT, cuffAt)).toBe('120 at 0')
  })

  it('of a trend does not make one of the moment old', () => {
    const session = capture()
    expect(valuesOf(heard(session, record([basicPart(2, AT, cuff(0))])))['MDC_PRESS_BLD_NONINV_SYS']).toBe(120)
    expect(seen(session, cuff(0), AT + 5)).toBe('120 at 5')
  })
})

describe('waveforms', () => {
  const wave = (parts: readonly Part[], time = AT): Uint8Array => record(parts, { type: 1, time })

  it('have the rate, scale, unit and name of their kind', () => {
    const session = capture()
    heard(session, displayed({ ecg: { status: ON, label: 0x3275, values: [] }, p1: { status: ON, label: 1, values: [] }, p2: { status: ON, label: 2, values: [] } }))
    const { waveforms } = heard(session, wave([wavePart(1, [-5, 1_000]), wavePart(2, [1]), wavePart(4, [12_000]), wavePart(5, [800]), wavePart(6, [1]), wavePart(8, [50]), wavePart(9, [500])]))
    const shown = waveforms.map(({ metric, channel, rateHz, scale, unit, samples }) => [metric, channel, rateHz, scale, unit, [...samples]])
    expect(shown).toEqual([
      ['MDC_ECG_ELEC_POTL_II', 'ECG1', 300, 0.001, 'mV', [-5, 1_000]],
      ['MDC_ECG_ELEC_POTL_V', 'ECG2', 300, 0.001, 'mV', [1]],
      ['MDC_PRESS_BLD_ART', 'P1', 100, 0.01, 'mm[Hg]', [12_000]],
      ['MDC_PRESS_BLD_VEN_CENT', 'P2', 100, 0.01, 'mm[Hg]', [800]],
      ['MDC_PRESS_BLD', 'P3', 100, 0.01, 'mm[Hg]', [1]],
      ['MDC_PULS_OXIM_PLETH', '', 100, 0.01, '%', [50]],
      ['MDC_CONC_AWAY_CO2', '', 25, 0.01, '%', [500]],
    ])
  })

  it('are cut where samples are invalid, and the invalid ones left out', () => {
    const { waveforms } = heard(capture(), wave([wavePart(8, [INVALID, 1, 2, -32_000, INVALID, 3, -31_999, INVALID])], AT + 1))
    expect(waveforms.map(({ samples, deviceAt }) => [[...samples], (deviceAt ?? 0) - AT * 1_000])).toEqual([[[1, 2], 930], [[3, -31_999], 970]])
  })

  it('of a lead that is off are left out, by either of the two bits that are said to mean it', () => {
    for (const status of [0x0008, 0x0100]) {
      const { waveforms, leftOut } = heard(capture(), wave([wavePart(1, [1, 2], status), wavePart(8, [3])]))
      expect([waveforms.map(({ metric }) => metric), leftOut]).toEqual([['MDC_PULS_OXIM_PLETH'], [{ why: 'lead off', at: 'ecg1' }]])
    }
  })

  it('follow one another on a clock of samples, and begin anew after a gap, a damaged record or a clock that was set', () => {
    const session = capture()
    const second = (samples: number): readonly number[] => Array.from({ length: samples }, () => 1)
    const startOf = (bytes: Uint8Array): number => (heard(session, bytes).waveforms[0]?.deviceAt ?? 0) - AT * 1_000
    expect(startOf(wave([wavePart(8, second(80))], AT))).toBe(-800)
    expect(startOf(wave([wavePart(8, second(100))], AT + 1))).toBe(0)
    expect(startOf(wave([wavePart(8, second(110))], AT + 2))).toBe(1_000)
    expect(startOf(wave([wavePart(8, second(100), 1)], AT + 4))).toBe(3_000)
    expect(startOf(wave([wavePart(8, second(100))], AT + 5))).toBe(4_000)
    session.receive(wave([wavePart(8, second(100))], AT + 6).map((byte, at) => (at === 60 ? byte ^ 1 : byte)), monoMs(0))
    expect(startOf(wave([wavePart(8, second(50))], AT + 7))).toBe(6_500)
    expect(startOf(wave([wavePart(8, second(50))], AT + 3_600))).toBe(3_599_500)
  })

  it('shorter than they say are not believed, unknown ones are passed by', () => {
    const short = wavePart(8, [1, 2, 3])
    const good = heard(capture(), wave([{ type: 23, bytes: new Uint8Array(10) }, { type: 8, bytes: short.bytes.subarray(0, 10) }]))
    expect([good.waveforms, good.faults, good.leftOut]).toEqual([[], [{ why: 'fewer samples than it says', at: 'pleth' }], [{ why: 'a waveform that is not read', at: 'wave 23' }]])
  })
})

describe('alarms', () => {
  const list = (alarms: readonly ShownAlarm[], silence = 0): Uint8Array => record([alarmPart(alarms, silence)], { type: 4, level: 11 })
  const told = (good: Good): string[] => good.alarms.map(({ text, phase, priority, state, inactivation }) => [text, phase, priority, state, ...inactivation].join(' '))

  it('begin, change and end with the list that shows them, and are not repeated', () => {
    const session = capture()
    const lists: (readonly ShownAlarm[])[] = [
      [{ text: 'SpO2 niedrig', colour: 2 }],
      [{ text: 'SpO2 niedrig', colour: 2 }],
      [{ text: 'Asystolie', colour: 3 }, { text: 'SpO2 niedrig', colour: 3 }, { text: 'Elektrode prüfen', colour: 1 }, { text: 'Papier fehlt', colour: 0 }],
      [{ text: 'SpO2 niedrig', colour: 2 }],
      [],
    ]
    expect(lists.map((alarms) => told(heard(session, list(alarms))))).toEqual([
      ['SpO2 niedrig start medium active'],
      [],
      ['Asystolie start high active', 'SpO2 niedrig escalate high active', 'Elektrode prüfen start low active'],
      ['Asystolie end high inactive', 'Elektrode prüfen end low inactive', 'SpO2 niedrig deescalate medium active'],
      ['SpO2 niedrig end medium inactive'],
    ])
  })

  it('that are silenced at the bedside say so', () => {
    const session = capture()
    const alarms: readonly ShownAlarm[] = [{ text: 'HR HIGH', colour: 2 }]
    expect([0, 5, 4, 1, 1].map((silence) => told(heard(session, list(alarms, silence))).join())).toEqual([
      'HR HIGH start medium active', 'HR HIGH update medium active audio-paused', 'HR HIGH update medium active audio-off', 'HR HIGH update medium active', '',
    ])
  })

  it('say how their sound is kept, as the newest list has it', () => {
    const session = capture()
    expect([0, 5, 4, 1].map((silence) => heard(session, list([], silence)).quiet)).toEqual([[], ['audio-paused'], ['audio-off'], []])
    expect(heard(capture(), displayed({})).quiet).toBeUndefined()
  })

  it('in a layout that is not theirs are not believed, and change nothing', () => {
    const session = capture()
    heard(session, list([{ text: 'HR HIGH', colour: 2 }]))
    const fault = [{ why: 'an alarm list of another layout', at: 'alarms' }]
    expect(heard(session, list([], 9))).toMatchObject({ alarms: [], faults: fault })
    expect(heard(session, list([{ text: 'HR\u0001', colour: 2 }]))).toMatchObject({ alarms: [], faults: fault })
    expect(heard(session, record([{ type: 1, bytes: new Uint8Array(499) }], { type: 4, level: 11 }))).toMatchObject({ alarms: [], faults: fault })
    expect(told(heard(session, list([])))).toEqual(['HR HIGH end medium inactive'])
  })

  it('of older monitors, which send no list, are what their status bits assert', () => {
    const session = capture()
    const ecg = (bits: number): Uint8Array => displayed({ ecg: { status: ON | (1 << 3) | bits, label: 0, values: [bits === 0 ? 70 : INVALID] } })
    expect([ecg(0), ecg(4), ecg(4), ecg(0)].map((bytes) => told(heard(session, bytes)).join())).toEqual(['', 'Asystole start high active', '', 'Asystole end high inactive'])
    const apnoea = displayed({ co2: { status: ON | 4, label: 0, values: [] } })
    expect(heard(session, apnoea).alarms).toMatchObject([{ code: 'MDC_EVT_APNEA', phase: 'start', priority: 'high' }])
  })
})

describe('the conversation', () => {
  const now = (seconds: number): ReturnType<typeof monoMs> => monoMs(seconds * 1_000)
  /** Wakes a session when it wants to be, until `untilS`, and lists what it sends, each with its second. */
  function sends(session: Session, fromS: number, untilS: number): string[] {
    const sent: string[] = []
    for (let atS = fromS; atS <= untilS; ) {
      const output = session.wake(now(atS))
      sent.push(...output.send.map((bytes) => `${atS.toFixed(1)} ${nameOf(bytes)}`))
      if (output.wakeAt === null) return sent
      expect(output.wakeAt).toBeGreaterThan(atS * 1_000)
      atS = output.wakeAt / 1_000
    }
    return sent
  }
  const nameOf = (bytes: Uint8Array): string => {
    const type = bytes[15] ?? 0
    const [what = 0, seconds = 0] = bytes.slice(41)
    if (type === 4) return 'alarms'
    if (type === 1) return what === 1 ? 'stop-waves' : `waves ${bytes.slice(45, bytes.indexOf(0xff, 45)).join()}`
    return seconds === 0 ? 'stop' : `${what === 1 ? 'displayed' : 'trend'} ${seconds}`
  }
  const answer = (level = 6): Uint8Array => record([basicPart(1, AT, {})], { level })
  const waves = record([wavePart(8, [1])], { type: 1 })

  it('ends what was asked for before, and asks for what is wanted, one request at a time', () => {
    expect(sends(geS5.open({ trend: '10' }), 0, 5)).toEqual(['0.0 stop', '0.2 displayed 5', '0.4 trend 10', '0.6 stop-waves', '0.8 waves 1,4,8,9'])
    expect(sends(geS5.open({ waves: 'none', interval: '10' }), 0, 5)).toEqual(['0.0 stop', '0.2 displayed 10', '0.4 stop-waves'])
  })

  it('begins by itself when it is not woken', () => expect(geS5.open({}).receive(new Uint8Array(0), now(0)).send.map(nameOf)).toEqual(['stop']))

  it('asks a monitor again that is silent or was restarted, and for waveforms that never come ever more seldom', () => {
    const session = geS5.open({})
    sends(session, 0, 1)
    session.receive(answer(), now(2))
    const asked = sends(session, 2, 100)
    expect(asked.filter((line) => line.includes('displayed'))).toEqual(['17.0 displayed 5', '32.0 displayed 5', '47.0 displayed 5', '62.0 displayed 5', '77.0 displayed 5', '92.0 displayed 5'])
    expect(asked.filter((line) => line.includes('waves'))).toEqual(['10.0 waves 1,4,8,9', '30.0 waves 1,4,8,9', '70.0 waves 1,4,8,9'])
  })

  it('never asks for waveforms more seldom than the limit says', () => {
    const session = geS5.open({})
    const asked = sends(session, 0, 3_600).filter((line) => line.includes('waves 1')).map((line) => Number.parseFloat(line))
    const gaps = asked.slice(1).map((at, index) => at - (asked[index] ?? 0))
    expect(Math.max(...gaps) * 1_000).toBeLessThanOrEqual(driverLimits.driWaveRetryMsMax + 200)
    expect(gaps.at(-1)).toBeCloseTo(driverLimits.driWaveRetryMsMax / 1_000)
  })

  it('asks for nothing while everything comes', () => {
    const session = geS5.open({})
    sends(session, 0, 1)
    for (let atS = 2; atS < 120; atS += 5) {
      expect(session.receive(answer(), now(atS)).send).toEqual([])
      expect(session.receive(waves, now(atS)).send).toEqual([])
      expect(sends(session, atS, atS + 4.9)).toEqual([])
    }
  })

  it('asks for alarms where the interface has them, at each interval', () => {
    const session = geS5.open({ waves: 'none' })
    sends(session, 0, 1)
    expect(session.receive(answer(10), now(2)).send.map(nameOf)).toEqual(['alarms'])
    expect(sends(session, 2, 13)).toEqual(['7.0 alarms', '12.0 alarms'])
    const older = geS5.open({ waves: 'none' })
    sends(older, 0, 1)
    expect([...older.receive(answer(9), now(2)).send, ...sends(older, 2, 13)]).toEqual([])
  })

  it('says when it wants to be woken with each answer', () => {
    const session = geS5.open({})
    sends(session, 0, 1)
    expect(session.receive(answer(), now(2)).wakeAt).toBe(10_000)
    expect(session.end(now(3))).toMatchObject({ send: [], wakeAt: null })
  })

  it.each([
    [{ waves: 'ecg1,ecg2,pleth' }, 'waves: 700 samples a second; the monitor sends at most 600'],
    [{ waves: 'pleth,pleth' }, 'waves: one of them is named twice'],
    [{ waves: 'ecg4' }, 'waves: there is no waveform "ecg4"'],
    [{ interval: '1' }, 'interval: "1" is not one of 5, 10'],
    [{ trend: '20' }, 'trend: "20" is not one of none, 10, 60'],
  ])('refuses settings that cannot be: %j', (settings, why) => expect(() => geS5.open(settings)).toThrow(why))
})
