import { describe, expect, it } from 'vitest'
import mqttJson from '../../drivers/mqtt-json/driver.ts'
import { utf8 } from '../../src/codec/bytes.ts'
import { METRICS } from '../../src/domain/metrics.ts'
import { ABSENT_REASONS } from '../../src/domain/reading.ts'
import { driverLimits } from '../../src/limits.ts'
import type { Frame } from '../../src/seams.ts'
import { framesOf } from '../contract/driver.ts'

type Good = Frame & { kind: 'good' }
const framesIn = (...texts: readonly string[]): Frame[] => framesOf(mqttJson.open({}), texts.map(utf8))
const AT = '2026-04-01T07:00:00Z'

function goodOf(payload: object): Good {
  const [frame] = framesIn(JSON.stringify(payload))
  if (frame?.kind !== 'good') throw new Error(JSON.stringify(frame))
  return frame
}
const whyNot = (payload: object): string => {
  const [frame] = framesIn(JSON.stringify(payload))
  return frame?.kind === 'quarantined' ? frame.why : (frame?.kind ?? 'nothing')
}

function valueOf(reading: object): number | string {
  const { readings, faults } = goodOf({ id: '1', at: AT, readings: [reading] })
  const [taken] = readings
  if (taken === undefined) return faults.map(({ why, at }) => `${at}: ${why}`).join('; ')
  return taken.measurement.kind === 'measured' ? taken.measurement.value : taken.measurement.reason
}

describe('a reading', () => {
  it('names every metric by code, by digits or by reference id', () => {
    for (const { mdc, id, unit, parsed } of METRICS) {
      const value = Math.ceil((parsed.low + parsed.high) / 2)
      expect([mdc, String(mdc), id].map((name) => valueOf({ mdc: name, value, unit }))).toEqual([value, value, value])
    }
  })

  it('may be in any unit that converts', () => {
    expect(valueOf({ mdc: 150344, value: 98.6, unit: '[degF]' })).toBe(37)
    expect(valueOf({ mdc: 150021, value: 16, unit: 'kPa' })).toBe(120.01)
    expect(valueOf({ mdc: 152196, value: 0.4, unit: '1' })).toBe(40)
  })

  it('may be absent, with a reason', () => {
    for (const reason of ABSENT_REASONS) expect(valueOf({ mdc: 150456, absent: reason })).toBe(reason)
    expect(valueOf({ mdc: 150456, absent: 'probe-off', unit: '%' })).toBe('probe-off')
  })

  it('of zero is zero where the metric has it; sentinels and what is out of range are absent', () => {
    expect([0, -100, 8388607, 301].map((value) => valueOf({ mdc: 147842, value, unit: '/min' }))).toEqual([0, 'not-measured', 'not-measured', 'out-of-range'])
  })

  it.each([
    [{ mdc: 147842, vlaue: 80, unit: '/min' }, 'readings[0].vlaue: key vlaue is not known. Did you mean "value"?'],
    [{ mdc: 'MDC_PULS_OXIM_SATO2', value: 97, unit: '%' }, 'readings[0].mdc: MDC_PULS_OXIM_SATO2 is of no metric. Did you mean "MDC_PULS_OXIM_SAT_O2"?'],
    [{ mdc: null, value: 97, unit: '%' }, 'readings[0].mdc: must be an MDC code or a reference id such as MDC_PULS_OXIM_SAT_O2'],
    [{ value: 97, unit: '%' }, 'readings[0].mdc: must be an MDC code or a reference id such as MDC_PULS_OXIM_SAT_O2'],
    [{ mdc: 150456, value: 97 }, 'readings[0].unit: must be there: %, or a unit that converts to it'],
    [{ mdc: 150456, value: 97, unit: 'mmHg' }, 'readings[0].unit: mm[Hg] does not fit MDC_PULS_OXIM_SAT_O2 (%)'],
    [{ mdc: 150456, value: 97, unit: 7 }, 'readings[0].unit: this is no known unit'],
    [{ mdc: 150456, value: '97', unit: '%' }, 'readings[0].value: must be a number; where there is none, say why with "absent"'],
    [{ mdc: 150456, value: null, unit: '%' }, 'readings[0].value: must be a number; where there is none, say why with "absent"'],
    [{ mdc: 150456, unit: '%' }, 'readings[0].value: must be a number; where there is none, say why with "absent"'],
    [{ mdc: 150456, absent: 'probe' }, 'readings[0].absent: probe is no reason. Did you mean "probe-off"?'],
    [{ mdc: 150456, absent: 'probe-off', value: 97, unit: '%' }, 'readings[0].absent: stands beside a value: one of the two'],
    [{ mdc: 150456, value: 97, unit: '%', at: '2026-04-01T07:00:00' }, 'readings[0].at: must be a time as in 2026-01-31T13:45:00Z'],
    [{ mdc: 150456, value: 97, unit: '%', channel: 7 }, 'readings[0].channel: must be a text'],
    [[], 'readings[0]: must be an object'],
  ])('%j is a fault', (reading, fault) => expect(valueOf(reading)).toBe(fault))

  it('that is at fault does not take the others along', () => {
    const { readings, faults } = goodOf({ id: '1', at: AT, readings: [{ mdc: 1, value: 1, unit: '1' }, { mdc: 147842, value: 80, unit: '/min' }] })
    expect([readings.length, faults.length]).toEqual([1, 1])
  })

  it('has its own time and channel, else those of the message', () => {
    const { readings, sentAt } = goodOf({
      id: '1',
      at: AT,
      channel: 'A',
      readings: [
        { mdc: 147842, value: 80, unit: '/min' },
        { mdc: 147842, value: 80, unit: '/min', at: '2026-04-01T08:59:58+02:00', channel: 'B' },
      ],
    })
    expect(sentAt).toBe(Date.parse(AT))
    expect(readings.map(({ deviceAt, channel }) => [deviceAt, channel])).toEqual([
      [Date.parse(AT), 'A'],
      [Date.parse('2026-04-01T06:59:58Z'), 'B'],
    ])
  })
})

describe('a message', () => {
  it('of a demo marks every reading', () => {
    const { readings } = goodOf({ id: '1', at: AT, demo: true, readings: [{ mdc: 150456, value: 97, unit: '%' }, { mdc: 150456, absent: 'probe-off' }] })
    expect(readings.map(({ flags }) => flags)).toEqual([['demo'], ['demo']])
    expect(whyNot({ id: '1', at: AT, demo: 'true', readings: [] })).toBe('demo must be true or false')
  })

  it.each([
    [{ at: AT, readings: [] }, /^id must be/],
    [{ id: '', at: AT, readings: [] }, /^id must be/],
    [{ id: 'x'.repeat(201), at: AT, readings: [] }, /^id must be/],
    [{ id: 1.5, at: AT, readings: [] }, /^id must be/],
    [{ id: '1', readings: [] }, /^at must be/],
    [{ id: '1', at: 1, readings: [] }, /^at must be/],
    [{ id: '1', at: '2026-04-01 07:00', readings: [] }, /^at must be/],
    [{ id: '1', at: AT }, /^readings must be/],
    [{ id: '1', at: AT, readings: {} }, /^readings must be/],
    [{ id: '1', at: AT, channel: 1, readings: [] }, /^channel must be/],
  ])('%j is kept aside', (payload, why) => expect(whyNot(payload)).toMatch(why))

  it('names the nearest right key', () => {
    expect(goodOf({ id: '1', at: AT, readings: [], patinet: {} }).faults).toEqual([{ why: 'key patinet is not known. Did you mean "patient"?', at: 'patinet' }])
    expect(goodOf({ id: '1', at: AT, readings: [], 'Anna Vega': 1 }).faults[0]?.why).not.toContain('Anna')
    expect(Object.keys(goodOf(JSON.parse(`{"id":"1","at":"${AT}","readings":[],"__proto__":1}`)).faults)).toHaveLength(1)
  })

  it('says whose it is, as far as it does', () => {
    const identityOf = (patient: unknown): unknown => goodOf({ id: '1', at: AT, readings: [], patient }).identity
    expect(identityOf({ mrn: 'A-1', name: ' Vega, Ilse ' })).toEqual({ mrn: 'A-1', name: 'Vega, Ilse' })
    expect(identityOf({ name: 'Vega' })).toEqual({ mrn: null, name: 'Vega' })
    expect([identityOf({}), identityOf(null), identityOf({ mrn: '' }), identityOf({ mrn: 7 }), identityOf('Vega')]).toEqual([null, null, null, null, null])
  })

  it('may come in pieces, after others, and behind its topic', () => {
    const one = JSON.stringify({ id: '1', at: AT, readings: [] })
    expect(framesIn(one.slice(0, 9), one.slice(9) + one).map(({ kind }) => kind)).toEqual(['good', 'good'])
    expect(framesIn(`vigil/v1/mon-7/readings ${one}\n`)).toMatchObject([{ kind: 'good', sender: { name: 'mon-7', location: null } }])
    expect(framesIn(`vigil/v1/mon-7/status ${one}\n`)).toMatchObject([{ kind: 'skipped' }])
  })

  it('that was cut off is judged at its end, and does not swallow the next', () => {
    const session = mqttJson.open({})
    const one = utf8(JSON.stringify({ id: '1', at: AT, readings: [] }))
    expect(framesOf(session, [one.slice(0, 20)])).toMatchObject([{ kind: 'bad', why: 'cut off within an object' }])
    expect(framesOf(session, [one])).toMatchObject([{ kind: 'good', messageId: '1' }])
  })

  it('that is no UTF-8 is bad', () => {
    expect(framesOf(mqttJson.open({}), [Uint8Array.of(0x7b, 0xff, 0x7d)])).toMatchObject([{ kind: 'bad', why: 'not UTF-8' }])
  })
})

describe('limits', () => {
  it('a payload as long as is allowed is read, one byte more is bad', () => {
    const made = (length: number): string => {
      const start = `{"id":"1","at":"${AT}","readings":[]`
      return `${start}${' '.repeat(length - start.length - 1)}}`
    }
    expect(framesIn(made(driverLimits.mqttPayloadBytesMax))).toMatchObject([{ kind: 'good' }])
    expect(framesIn(made(driverLimits.mqttPayloadBytesMax + 1))[0]).toMatchObject({ kind: 'bad', why: 'longer than 262144 bytes' })
  })

  it('a payload may have so many readings, and not one more', () => {
    const made = (count: number): object => ({ id: '1', at: AT, readings: Array.from({ length: count }, () => ({ mdc: 147842, value: 80, unit: '/min' })) })
    expect(goodOf(made(driverLimits.readingsPerFrameMax)).readings).toHaveLength(driverLimits.readingsPerFrameMax)
    expect(whyNot(made(driverLimits.readingsPerFrameMax + 1))).toBe('more than 2000 readings')
  })
})
