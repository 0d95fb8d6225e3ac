import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import mqttTeleicu from '../../drivers/mqtt-teleicu/driver.ts'
import { utf8 } from '../../src/codec/bytes.ts'
import { driverLimits } from '../../src/limits.ts'
import type { DriverSettings, Frame } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

type Good = Frame & { kind: 'good' }
type Record_ = Readonly<Record<string, unknown>>

const record = (rest: Record_): Record_ => ({
  observation_id: 'heart-rate', device_id: '10.0.0.5', 'date-time': '2026-04-01 12:30:04', status: 'final', value: 72, unit: 'bpm', ...rest,
})
const framesIn = (messages: readonly unknown[], settings: DriverSettings = {}): Frame[] => {
  const session = mqttTeleicu.open(settings)
  // As a broker brings them: each on its own.
  return messages.flatMap((message) => framesOf(session, [utf8(JSON.stringify(message))]))
}
function goodOf(message: unknown, settings?: DriverSettings): Good {
  const [frame] = framesIn([message], settings)
  if (frame?.kind !== 'good') throw new Error(JSON.stringify(frame))
  return frame
}
const whyNot = (...messages: readonly unknown[]): string => {
  const frame = framesIn(messages).at(-1)
  return frame?.kind === 'quarantined' ? frame.why : (frame?.kind ?? 'nothing')
}
function valueOf(rest: Record_): number | string {
  const { readings: [reading], faults } = goodOf([record(rest)])
  if (reading === undefined) return faults.map(({ why, at }) => `${at}: ${why}`).join('; ')
  return reading.measurement.kind === 'measured' ? reading.measurement.value : reading.measurement.reason
}
const alarmsIn = (...messages: readonly unknown[]): string[] =>
  framesIn(messages).flatMap((frame) => (frame.kind === 'good' ? frame.alarms.map(({ phase, text }) => `${phase} ${text}`) : []))

describe('a status', () => {
  it.each([
    ['final', 72],
    ['Message-Tachy Cardia', 72],
    ['Message-Leads Off', 'lead-off'],
    ['Message-Leads off', 'lead-off'],
    ['Message-No finger in probe', 'probe-off'],
    ['Message-Probe Unplugged', 'probe-off'],
    ['Message-Measurement Invalid', 'device-invalid'],
    ['Message-Wrong cuff', 'device-invalid'],
    ['Message-Connect Cuff', 'not-measured'],
    [null, 'device-invalid'],
    [undefined, 'device-invalid'],
    ['', 'device-invalid'],
    [7, 'device-invalid'],
    ['Message-', 'device-invalid'],
    ['Message-Something New', 'device-invalid'],
  ])('%j beside a number makes %j', (status, expected) => expect(valueOf({ status })).toBe(expected))

  it('that nobody has told of is told to the engineer, and none is of one that is missing', () => {
    const { faults } = goodOf([record({ status: 'Message-Something New' })])
    expect(faults).toEqual([{ why: 'a status that is not known: its value is not believed', at: 'records[0].status' }])
    expect(goodOf([record({ status: null })]).faults).toEqual([])
  })

  it('of any other words never makes a value', () => {
    const listed = fc.constantFrom('valid', 'ok', 'preliminary', 'finals', 'Message-', 'Message-Message-final', 'not final')
    const words = fc.oneof(listed, fc.string().map((text) => `zz${text}`))
    fc.assert(
      fc.property(words, (status) => {
        expect(valueOf({ status })).toBe('device-invalid')
      }),
    )
  })
})

describe('a value', () => {
  it('of zero is a value where the metric has it, with any valid status', () => {
    expect(valueOf({ value: 0 })).toBe(0)
    expect(valueOf({ value: 0, status: 'Message-Asystole' })).toBe(0)
    expect(valueOf({ observation_id: 'respiratory-rate', value: 0 })).toBe(0)
    expect(valueOf({ observation_id: 'SpO2', value: 0, unit: '%' })).toBe('out-of-range')
  })

  it('that is null is not measured, and a sentinel is none', () => {
    expect([valueOf({ value: null }), valueOf({ value: undefined }), valueOf({ value: -100 })]).toEqual(['not-measured', 'not-measured', 'not-measured'])
  })

  it.each([
    [{ value: '72' }, 'records[0].value: must be a number or null'],
    [{ unit: undefined }, 'records[0].unit: must be /min, or a unit that converts to it'],
    [{ unit: 'mmHg' }, 'records[0].unit: mm[Hg] does not fit MDC_ECG_HEART_RATE (/min)'],
    [{ 'date-time': '12:30:04' }, 'records[0].date-time: must be a time as in 2026-01-31 13:45:00'],
    [{ 'date-time': '2026-02-30 12:30:04' }, 'records[0].date-time: must be a time as in 2026-01-31 13:45:00'],
    [{ 'date-time': undefined }, 'records[0].date-time: must be a time as in 2026-01-31 13:45:00'],
  ])('with %j is a fault', (rest, fault) => expect(valueOf(rest)).toBe(fault))

  it('of temperature may be in Fahrenheit, and keeps its sensors apart', () => {
    const sensor = (number: number, value: number, unit: string): Record_ => record({ observation_id: `body-temperature${number}`, value, unit })
    const { readings } = goodOf([sensor(1, 98.6, 'F'), sensor(2, 36.4, 'C')])
    expect(readings.map(({ channel, measurement }) => [channel, measurement])).toEqual([
      ['T1', { kind: 'measured', value: 37 }],
      ['T2', { kind: 'measured', value: 36.4 }],
    ])
  })

  it('of a name that only looks like one is left out', () => {
    expect(goodOf([record({}), record({ observation_id: 'toString' })]).leftOut).toEqual([{ why: 'an observation that is not read', at: 'toString' }])
  })
})

describe('a blood pressure', () => {
  const pressure = (rest: Record_): Record_ => record({ observation_id: 'blood-pressure', value: undefined, unit: undefined, ...rest })
  const part = (value: unknown): Record_ => ({ value, unit: 'mmHg' })
  const shownOf = (rest: Record_): (number | string)[] =>
    goodOf([pressure(rest)]).readings.map(({ measurement }) => (measurement.kind === 'measured' ? measurement.value : measurement.reason))

  it('is three values of a cuff at the time of its record', () => {
    const { readings, sentAt } = goodOf([pressure({ 'date-time': '2026-04-01 12:00:00', systolic: part(120), diastolic: part(80), map: part(93) }), record({})])
    expect(readings.slice(0, 3).map(({ metric, flags }) => [metric.id, flags])).toEqual(
      ['SYS', 'DIA', 'MEAN'].map((which) => [`MDC_PRESS_BLD_NONINV_${which}`, ['zone-assumed', 'episodic']]),
    )
    expect([(sentAt ?? 0) - (readings[0]?.deviceAt ?? 0), (sentAt ?? 0) - (readings[3]?.deviceAt ?? 0)]).toEqual([1_804_000, 0])
  })

  it('may lack its mean, and what is there of it is judged one by one', () => {
    expect(shownOf({ systolic: part(120), diastolic: part(80) })).toEqual([120, 80])
    expect(shownOf({ systolic: part(null), diastolic: part(0), map: part(400) })).toEqual(['not-measured', 'out-of-range', 'out-of-range'])
    expect(shownOf({ status: 'Message-Measurement error', systolic: part(120), diastolic: part(80) })).toEqual(['device-invalid', 'device-invalid'])
    expect(shownOf({})).toEqual(['not-measured', 'not-measured'])
    expect(goodOf([pressure({ systolic: 120, diastolic: part(80) })]).faults).toEqual([{ why: 'must be an object', at: 'records[0].systolic' }])
  })
})

describe('a time', () => {
  it('without a zone is in that of the setting, and says so', () => {
    const { readings: [reading], sentAt } = goodOf([record({})], { zone: '+05:30' })
    expect([reading?.deviceAt, sentAt, reading?.flags]).toEqual([Date.parse('2026-04-01T07:00:04Z'), Date.parse('2026-04-01T07:00:04Z'), ['zone-assumed']])
  })

  it('with a zone is what it says', () => {
    const { readings: [reading] } = goodOf([record({ 'date-time': '2026-04-01T12:30:04+05:30' })], { zone: 'UTC' })
    expect([reading?.deviceAt, reading?.flags]).toEqual([Date.parse('2026-04-01T07:00:04Z'), []])
  })
})

describe('whose values they are', () => {
  const other = record({ device_id: '10.0.0.6' })

  it('is asserted by the records', () => {
    expect(goodOf([record({ 'patient-id': '3', 'patient-name': ' A B ' })]).identity).toEqual({ mrn: '3', name: 'A B' })
    expect(goodOf([record({ 'patient-id': 3 })]).identity).toEqual({ mrn: '3', name: null })
    expect(goodOf([record({ 'patient-id': '', 'patient-name': null })]).identity).toBeNull()
  })

  it('is never guessed', () => {
    expect(whyNot([record({}), other])).toMatch(/^records of several monitors/)
    expect(whyNot([record({})], [other])).toMatch(/^records of another monitor/)
    expect(whyNot([record({ 'patient-id': '3' }), record({ 'patient-id': '4' })])).toBe('records of several patients in one message')
    expect(whyNot([record({ device_id: null })])).toBe('records[0]: device_id must say which monitor it is of')
    expect(whyNot([record({ 'patient-id': {} })])).toBe('patient-id must be a text')
  })

  it('a message that was kept aside does not settle it', () => {
    expect(framesIn([[record({}), other], [other], [record({})]]).map(({ kind }) => kind)).toEqual(['quarantined', 'good', 'quarantined'])
  })

  it('may be settled by the setting', () => {
    const settings = { monitor: '10.0.0.6' }
    const { readings, sender, leftOut } = goodOf([[record({ value: 70 })], [record({ device_id: '10.0.0.6', value: 90 })]], settings)
    expect([readings.map(({ measurement }) => measurement), sender.name, leftOut]).toEqual([
      [{ kind: 'measured', value: 90 }], '10.0.0.6', [{ why: '1 records of another monitor', at: '10.0.0.5' }],
    ])
    expect(framesIn([[record({})]], settings)).toMatchObject([{ kind: 'quarantined', why: 'no record of the monitor that the setting names' }])
    expect(() => mqttTeleicu.open({ monitor: '10.0.0.256' })).toThrow('no IPv4 address')
  })
})

describe('alarms', () => {
  it('a rhythm begins one and another valid status ends it', () => {
    const fibrillates = [record({ status: 'Message-VFIB', value: null })]
    expect(alarmsIn(fibrillates, fibrillates, [record({})])).toEqual(['start VFIB', 'end VFIB'])
  })

  it('one of a rhythm outlives leads that came off and what nobody understands', () => {
    const after = ['Message-Leads Off', 'Message-New', null].map((status) => [record({ status, value: null })])
    expect(alarmsIn([record({ status: 'Message-Asystole', value: 0 })], ...after)).toEqual(['start Asystole'])
  })

  it('messages without that observation say nothing of it', () => {
    const others = [{ observation_id: 'SpO2', unit: '%' }, { observation_id: 'device-connection', status: 'Connected' }].map((rest) => [record(rest)])
    expect(alarmsIn([record({ status: 'Message-VTAC' })], ...others)).toEqual(['start VTAC'])
  })

  it('a monitor that the gateway has lost is one', () => {
    const connection = (status: unknown): Record_ => record({ observation_id: 'device-connection', status })
    expect(alarmsIn([connection('Disconnected')], [connection('Disconnected')], [connection('Connected')])).toEqual(
      ['start', 'end'].map((phase) => `${phase} Monitor disconnected from the tele-ICU gateway`),
    )
    expect(goodOf([connection('perhaps')]).faults).toEqual([{ why: 'must be Connected or Disconnected', at: 'records[0].status' }])
    expect(alarmsIn([connection('Disconnected')], [connection('perhaps')])).toHaveLength(1)
  })
})

describe('a waveform', () => {
  const wave = (rest: Record_): Record_ =>
    record({
      observation_id: 'waveform', 'wave-name': 'II', resolution: '1.5uV', 'sampling rate': '248/sec', 'data-baseline': 2047, 'data-low-limit': 0,
      'data-high-limit': 4095, data: '2047 2147', ...rest,
    })

  it('of an ECG is in millivolts around its baseline', () => {
    const [read] = goodOf([wave({})]).waveforms
    if (read === undefined) throw new Error('none')
    expect(Array.from(read.samples, (sample) => Math.round((sample * read.scale + read.offset) * 1e6) / 1e6)).toEqual([0, 0.15])
    expect(read).toMatchObject({ metric: 'MDC_ECG_ELEC_POTL_II', rateHz: 248, unit: 'mV', deviceAt: null })
  })

  it('without a unit stays without one', () => {
    const { waveforms } = goodOf([wave({ 'wave-name': 'Pleth', resolution: 'NA', 'data-baseline': 0 })])
    expect(waveforms).toMatchObject([{ metric: 'MDC_PULS_OXIM_PLETH', scale: 1, offset: 0, unit: '1' }])
  })

  it('has a gap where the converter was at its end', () => {
    expect(goodOf([wave({ data: '1 2 4096 3 -1 4' })]).waveforms.map(({ samples }) => [...samples])).toEqual([[1, 2], [3], [4]])
    expect(goodOf([wave({ data: '' }), wave({ data: '5000 5000' })]).waveforms).toEqual([])
  })

  it.each([
    [{ 'wave-name': 'F' }, { leftOut: [{ why: 'a waveform that is not documented', at: 'F' }] }],
    [{ 'wave-name': 'Pleth' }, { leftOut: [{ why: 'a waveform whose resolution is not documented', at: 'Pleth' }] }],
    [{ resolution: '0uV' }, { leftOut: [{ why: 'a waveform whose resolution is not documented', at: 'II' }] }],
    [{ 'wave-name': 2 }, { faults: [{ why: 'must be a text', at: 'records[0].wave-name' }] }],
    [{ 'sampling rate': '0/sec' }, { faults: [{ why: 'must be a rate such as 248/sec', at: 'records[0].sampling rate' }] }],
    [{ 'data-baseline': '2047' }, { faults: [{ why: 'must be a number', at: 'records[0].data-baseline' }] }],
    [{ data: '1 2.5' }, { faults: [{ why: 'must be whole numbers with blanks between them', at: 'records[0].data' }] }],
    [{ data: [1, 2] }, { faults: [{ why: 'must be whole numbers with blanks between them', at: 'records[0].data' }] }],
  ])('with %j is not read', (rest, said) => expect(goodOf([wave(rest)])).toMatchObject({ waveforms: [], leftOut: [], faults: [], ...said }))

  it('may have so many gaps in one message, and not one more', () => {
    const max = driverLimits.teleicuWaveformsPerMessageMax
    const torn = (stretches: number): string => Array.from({ length: stretches }, () => '1 -1').join(' ')
    expect(goodOf([wave({ data: torn(max) })])).toMatchObject({ leftOut: [] })
    const cut = goodOf([wave({ data: torn(max) }), wave({ data: '1' })])
    expect([cut.waveforms.length, cut.leftOut]).toEqual([max, [{ why: `more than ${max} stretches between gaps`, at: 'records[1].data' }]])
  })
})

describe('a message', () => {
  it('may be one record, a list of them, or a list of lists', () => {
    for (const message of [record({}), [record({})], [[record({})]]]) expect(goodOf(message).readings).toHaveLength(1)
    expect(goodOf([[[record({})], record({})]]).faults).toEqual([{ why: 'must be an object', at: 'records[0]' }])
  })

  it.each([[[]], [{}], [[1]], [{ readings: [] }], [[{ observation_id: 7 }]]])('%j is kept aside', (message) => {
    expect(whyNot(message)).toBe('no record with an observation_id')
  })

  it('may have so many records, and not one more', () => {
    const made = (count: number): Record_[] => Array.from({ length: count }, () => record({}))
    expect(goodOf(made(driverLimits.teleicuRecordsPerMessageMax)).readings).toHaveLength(driverLimits.teleicuRecordsPerMessageMax)
    expect(whyNot(made(driverLimits.teleicuRecordsPerMessageMax + 1))).toBe('more than 500 records')
  })

  it('of lists within lists without end is no message, and no trouble', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect(framesOf(mqttTeleicu.open({}), [utf8(deep)])).toMatchObject([{ kind: 'quarantined' }])
  })

  it('that was cut off is judged at its end, and does not swallow the next', () => {
    const session = mqttTeleicu.open({})
    const one = utf8(JSON.stringify([record({})]))
    expect(framesOf(session, [one.slice(0, 30)])).toMatchObject([{ kind: 'bad', why: 'cut off within an object or a list' }])
    expect(framesOf(session, [one])).toMatchObject([{ kind: 'good' }])
  })
})
