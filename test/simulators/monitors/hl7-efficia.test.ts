import { describe, expect, it } from 'vitest'
import hl7 from '../../../drivers/hl7/driver.ts'
import { type EfficiaOptions, createEfficia } from '../../../simulators/monitors/hl7-efficia.ts'
import { createPatient } from '../../../simulators/patients/patient.ts'
import { parseScenario } from '../../../simulators/patients/scenarios.ts'
import { mllpFrame } from '../../../src/codec/mllp.ts'
import { monoMs } from '../../../src/domain/time.ts'
import type { Frame } from '../../../src/seams.ts'
import { cut } from '../../contract/driver.ts'

const AT = Date.UTC(2026, 0, 15, 2, 0, 0)

/** Monitor and driver on a wire in memory, a tenth of a second a step: what was issued and what was read, in order. */
function converse(minutes: number, over: Partial<EfficiaOptions> = {}, sizes: readonly number[] = []) {
  const plan = parseScenario('stable')
  if (plan === null) throw new Error('no such scenario')
  const patient = createPatient(7, 'bed-1', plan)
  const issued: string[] = []
  const monitor = createEfficia({
    name: 'EFFICIA01', patient: { mrn: '753455', family: 'Müster', given: 'Anne' }, bed: '8', thinksMs: 300, loses: null, ...over,
    sent: (values) => issued.push(...values.map(({ metric, value }) => `${metric} ${value}`)),
  })
  const session = hl7.open({ query: 'efficia', queryEverySeconds: '5' })
  const frames: Frame[] = []
  let wakeAt: number | null = 0
  let closed: string | null = null
  for (let second = 0; second < minutes * 60 && closed === null; second++) {
    const moment = patient.next()
    for (let ms = second * 1_000; ms < second * 1_000 + 1_000 && closed === null; ms += 100) {
      if (wakeAt !== null && ms >= wakeAt) {
        const output = session.wake(monoMs(ms))
        wakeAt = output.wakeAt
        closed = output.close ?? null
        for (const bytes of output.send) monitor.hear(bytes, AT + ms)
      }
      for (const whole of monitor.tick(moment, AT + ms)) {
        for (const piece of cut(whole, sizes)) {
          const output = session.receive(piece, monoMs(ms))
          wakeAt = output.wakeAt
          frames.push(...output.frames)
          for (const bytes of output.send) monitor.hear(bytes, AT + ms)
        }
      }
    }
  }
  const good = frames.filter((frame) => frame.kind === 'good')
  const read = good.flatMap(({ readings }) => readings.flatMap(({ metric, measurement }) => (measurement.kind === 'measured' ? [`${metric.id} ${measurement.value}`] : [])))
  return { issued, read, good, frames, closed }
}

describe('an Efficia that is asked', () => {
  it('is read whole: every value once, with the right number', () => {
    const { issued, read, good, closed } = converse(10)
    expect([read, closed]).toEqual([issued, null])
    expect(good).toHaveLength(120)
    expect(read.length).toBeGreaterThan(600)
    expect(good.flatMap(({ faults, leftOut = [] }) => [...faults, ...leftOut])).toEqual([])
    expect(good[0]).toMatchObject({ identity: { mrn: '753455', name: 'Müster, Anne' }, sender: { location: '^^8' } })
  })

  it('is read the same in pieces', () => {
    expect(converse(2, {}, [1, 7, 30, 2, 100]).read).toEqual(converse(2).read)
  })

  it('repeats an old cuff value as what it is: measured then', () => {
    const { good } = converse(10)
    const cuffs = good.flatMap(({ readings, sentAt }) => readings.filter(({ metric }) => metric.id === 'MDC_PRESS_BLD_NONINV_SYS').map(({ measurement, deviceAt, flags }) => ({ measurement, age: (sentAt ?? 0) - (deviceAt ?? 0), flags })))
    const measured = cuffs.filter(({ measurement }) => measurement.kind === 'measured')
    expect(measured.some(({ age }) => age > 60_000)).toBe(true)
    expect(measured.every(({ flags }) => flags.includes('episodic'))).toBe(true)
  })

  it('that loses every third question is asked again, and loses no value that it issued', () => {
    const { issued, read, good, closed } = converse(5, { loses: 3 })
    expect([read, closed]).toEqual([issued, null])
    expect(good.length).toBeGreaterThan(30)
  })

  it('that loses all of them is given up', () => {
    expect(converse(5, { loses: 1 })).toMatchObject({ issued: [], read: [], closed: 'the monitor did not answer 3 questions' })
  })

  it('that is slower than it is asked says each value once', () => {
    const { issued, read } = converse(5, { thinksMs: 7_000 })
    expect(read).toEqual(issued)
    expect(read.length).toBeGreaterThan(50)
  })

  it('refuses what it does not understand', () => {
    const monitor = createEfficia({ name: 'E', patient: null, bed: '1', thinksMs: 0, loses: null })
    const plan = parseScenario('stable')
    if (plan === null) throw new Error('no such scenario')
    const moment = createPatient(7, 'bed-1', plan).next()
    monitor.tick(moment, AT)
    monitor.hear(mllpFrame(new TextEncoder().encode('MSH|^~\\&|||||1||QRY^R02|X1|P|2.4\rQRD|1|R|I|X1|||||RES\r')), AT)
    expect(new TextDecoder().decode(monitor.tick(moment, AT)[0])).toContain('MSA|AE|X1|Invalid query')
  })
})
