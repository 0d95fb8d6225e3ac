import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import pds from '../../../drivers/mindray-pds/driver.ts'
import { type PdsMonitor, type PdsSetting, addressNumber, createMindrayPds } from '../../../simulators/monitors/mindray-pds.ts'
import { createPatient } from '../../../simulators/patients/patient.ts'
import { parseScenario } from '../../../simulators/patients/scenarios.ts'
import { monoMs } from '../../../src/domain/time.ts'
import type { Frame, Session } from '../../../src/seams.ts'
import { cut } from '../../contract/driver.ts'

const AT = Date.UTC(2026, 0, 15, 2, 0, 0)
const SETTING: PdsSetting = {
  name: 'M0001', department: 'UCIP', bed: '8', address: '10.29.196.8', port: 4601, patient: { mrn: '753455', family: 'Müster', given: 'Änne' },
}

type Run = {
  readonly monitor: PdsMonitor
  readonly seconds: number
  readonly scenario?: string
  readonly sizes?: readonly number[]
  /** What happens at the monitor at the end of a second. */
  readonly during?: (second: number, monitor: PdsMonitor) => readonly Uint8Array[]
}

/** Monitor and driver on a wire in memory, a quarter of a second a step. What was issued and what was read, in order. */
function converse({ monitor, seconds, scenario = 'stable', sizes = [], during = () => [] }: Run) {
  const plan = parseScenario(scenario)
  if (plan === null) throw new Error(`no scenario ${scenario}`)
  const patient = createPatient(7, 'bed-1', plan)
  const session: Session = pds.open({})
  const frames: Frame[] = []
  let counted = 0
  const issued: string[] = []
  const read: string[] = []
  let wakeAt: number | null = 0
  let closed: string | null = null

  const carry = (bytes: readonly Uint8Array[], ms: number): void => {
    for (const whole of bytes) {
      for (const piece of cut(whole, sizes)) {
        const output = session.receive(piece, monoMs(ms))
        wakeAt = output.wakeAt
        frames.push(...output.frames)
        carry(output.send.flatMap((sent) => monitor.hear(sent, AT + ms)), ms)
      }
    }
  }
  for (let second = 0; second < seconds && closed === null; second++) {
    const moment = patient.next()
    for (let ms = second * 1_000; ms < second * 1_000 + 1_000 && closed === null; ms += 250) {
      if (wakeAt !== null && ms >= wakeAt) {
        const output = session.wake(monoMs(ms))
        wakeAt = output.wakeAt
        closed = output.close ?? null
        carry(output.send.flatMap((sent) => monitor.hear(sent, AT + ms)), ms)
      }
      carry(monitor.tick(moment, AT + ms), ms)
    }
    carry(during(second, monitor), second * 1_000 + 999)
    issued.push(...monitor.issued().map(({ metric, value }) => `${second} ${metric} ${value}`))
    for (const frame of frames.slice(counted)) {
      if (frame.kind !== 'good') continue
      for (const { metric, measurement } of frame.readings) if (measurement.kind === 'measured') read.push(`${second} ${metric.id} ${measurement.value}`)
    }
    counted = frames.length
  }
  return { issued, read, closed, frames }
}

const unread = (frames: readonly Frame[]): readonly Frame[] =>
  frames.filter((frame) => frame.kind === 'bad' || frame.kind === 'quarantined' || (frame.kind === 'good' && frame.faults.length > 0))

describe('a Mindray monitor and its driver', () => {
  it.each(['stable', 'asystole', 'leads-off'])('understand each other for four minutes of %s: every value is read once, in its second, as it was issued', (scenario) => {
    const { issued, read, frames, closed } = converse({ monitor: createMindrayPds(SETTING), seconds: 240, scenario })
    expect(issued.length).toBeGreaterThan(1_000)
    expect(read.toSorted()).toEqual(issued.toSorted())
    expect([unread(frames), closed]).toEqual([[], null])
    // The query that came early is lost, and the one after the first echo is heard.
    expect(issued[0]?.split(' ')[0]).toBe('2')
  })

  it('do so however the bytes are cut, and with segments that end with LF', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }), fc.boolean(), fc.boolean(), (sizes, isLf, losesEarlyQuery) => {
        const segmentEnd = isLf ? '\n' : '\r'
        const { issued, read } = converse({ monitor: createMindrayPds({ ...SETTING, segmentEnd, losesEarlyQuery }), seconds: 40, sizes })
        expect(issued.length).toBeGreaterThan(100)
        expect(read.toSorted()).toEqual(issued.toSorted())
      }),
      { numRuns: 12 },
    )
  })

  it('agree on whose values these are, from before the first value, and when another is admitted', () => {
    const during: Run['during'] = (second, monitor) => (second === 5 ? monitor.admit({ mrn: '9', family: 'Beispiel', given: 'Bo' }) : [])
    const { frames } = converse({ monitor: createMindrayPds(SETTING), seconds: 12, during })
    const names = frames.flatMap((frame) => (frame.kind === 'good' ? [frame.identity?.name ?? 'nobody'] : []))
    expect([...new Set(names)]).toEqual(['Müster, Änne', 'Beispiel, Bo'])
    expect(names.indexOf('Beispiel, Bo')).toBeGreaterThan(10)
    expect(names.lastIndexOf('Müster, Änne')).toBeLessThan(names.indexOf('Beispiel, Bo'))
  })

  it('notice it when the monitor is switched off: the conversation is dead, and a new one finds everything again', () => {
    const monitor = createMindrayPds(SETTING)
    const silent: PdsMonitor = { ...monitor, hear: () => [], tick: () => [] }
    expect(converse({ monitor: silent, seconds: 20 }).closed).toBe('no echo from the monitor for 5 s')
    const { issued, read } = converse({ monitor, seconds: 10 })
    monitor.restart()
    const again = converse({ monitor, seconds: 10 })
    expect([read, again.read].map((values) => values.toSorted())).toEqual([issued, again.issued].map((values) => values.toSorted()))
    expect(again.read.length).toBeGreaterThan(50)
  })

  it('begin and end each alarm of a patient whose heart stops and whose sensors fall off', () => {
    const heard = new Set<string>()
    for (const [scenario, expected] of [['asystole', 'physiological/10002'], ['leads-off', 'technical/5']] as const) {
      const { frames } = converse({ monitor: createMindrayPds(SETTING), seconds: 360, scenario })
      const open = new Set<string>()
      for (const { id, phase } of frames.flatMap((frame) => (frame.kind === 'good' ? frame.alarms : []))) {
        expect(open.has(id)).toBe(phase !== 'start')
        if (phase === 'end') open.delete(id)
        else open.add(id)
        heard.add(`${id} ${phase}`)
      }
      expect(heard).toContain(`${expected} start`)
    }
    expect(heard).toContain('technical/5 end')
  })
})

it('a monitor stops speaking to a gateway that does not echo', () => {
  const monitor = createMindrayPds(SETTING)
  const patient = createPatient(7, 'bed-1', { name: 'stable', delayS: 0 })
  const moment = patient.next()
  expect(monitor.tick(moment, AT)).toEqual([])
  expect(monitor.hear(Buffer.from('\x0bMSH|^~\\&|||||||ORU^R01|106|P|2.3.1|\r\x1c\r'), AT).length).toBeGreaterThan(0)
  expect(monitor.tick(moment, AT + 1_000).length).toBe(1)
  expect([monitor.tick(moment, AT + 5_001), monitor.tick(moment, AT + 6_001)]).toEqual([[], []])
})

it('a monitor announces itself as captures show it', () => {
  expect(addressNumber('10.29.196.8')).toBe(169_722_888)
  const text = Buffer.from(createMindrayPds(SETTING).announcement()).toString('latin1')
  expect(text).toContain('MSH|^~\\&|||||||ADT^A01|101|P|2.3.1|\r')
  expect(text).toContain('PV1||I|^^UCIP&8&169722888&4601&&1|')
  expect(text).toContain('OBX||ST|2304^MonitorName||M0001||||||F\r')
  expect(Buffer.from(createMindrayPds({ ...SETTING, address: null }).announcement()).toString('latin1')).toContain('^^UCIP&8&&4601&&1|')
})
