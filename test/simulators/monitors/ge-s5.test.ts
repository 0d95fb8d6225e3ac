import { describe, expect, it } from 'vitest'
import geS5 from '../../../drivers/ge-s5/driver.ts'
import { monoMs } from '../../../src/domain/time.ts'
import type { DriverSettings, Frame } from '../../../src/seams.ts'
import { createGeS5 } from '../../../simulators/monitors/ge-s5.ts'
import type { SentValue } from '../../../simulators/monitors/wire.ts'
import { createPatient, type Moment } from '../../../simulators/patients/patient.ts'
import { parseScenario } from '../../../simulators/patients/scenarios.ts'
import { createWaves } from '../../../simulators/patients/waves.ts'

const START = Date.UTC(2026, 10, 22, 7)
const TICKS_PER_S = 4

type Good = Extract<Frame, { kind: 'good' }>
type Heard = { readonly second: number; readonly frame: Good; readonly sent: readonly SentValue[] | null; readonly moment: Moment }
type Run = { readonly heard: readonly Heard[]; readonly asked: readonly string[]; readonly others: readonly string[] }

/** A monitor and a session on one cable, for so many seconds. What is sent while the cable is out falls on the floor, in both directions. */
function converse(scenario: string, seconds: number, { level = 9, tellsCuffTime = false, settings = {} }: { level?: number; tellsCuffTime?: boolean; settings?: DriverSettings } = {}): Run {
  const parsed = parseScenario(scenario)
  if (parsed === null) throw new Error(scenario)
  const issued: (readonly SentValue[])[] = []
  const patient = createPatient(7, 'bed-1', parsed)
  const monitor = createGeS5({ name: 'ge-1', level, tellsCuffTime, waves: createWaves(7), clock: (atMs) => START + atMs, sent: (values) => issued.push(values) })
  const session = geS5.open(settings)
  const heard: Heard[] = []
  const asked: string[] = []
  const others: string[] = []
  let wakeAt: number | null = 0
  let moment = patient.next()
  const say = (bytes: readonly Uint8Array[], atMs: number): void => {
    for (const request of bytes) {
      asked.push(`${Math.floor(atMs / 1_000)} ${request[15] === 1 ? 'waves' : request[15] === 4 ? 'alarms' : 'values'}`)
      if (moment.insult.cable === 'plugged') monitor.hear(request, atMs)
    }
  }
  for (let tick = 0; tick < seconds * TICKS_PER_S; tick++) {
    const atMs = (tick * 1_000) / TICKS_PER_S
    if (tick > 0 && tick % TICKS_PER_S === 0) moment = patient.next()
    const now = monoMs(atMs)
    if (wakeAt !== null && atMs >= wakeAt) {
      const woken = session.wake(now)
      wakeAt = woken.wakeAt
      say(woken.send, atMs)
    }
    for (const bytes of monitor.tick(moment, atMs)) {
      // A serial port gives what it has, in pieces of its own.
      for (let from = 0; from < bytes.length; from += 100) {
        const output = session.receive(bytes.subarray(from, from + 100), now)
        wakeAt = output.wakeAt
        say(output.send, atMs)
        for (const frame of output.frames) {
          if (frame.kind === 'good') heard.push({ second: moment.second, frame, sent: frame.readings.length > 0 ? (issued.shift() ?? null) : null, moment })
          else others.push(`${frame.kind}: ${frame.why}`)
        }
      }
    }
  }
  return { heard, asked, others }
}

const numbersIn = ({ readings }: Good): string[] =>
  readings
    .filter(({ channel, flags, metric }) => channel !== 'HR' && !flags.includes('episodic') && !metric.id.includes('AMPL_ST') && metric.id !== 'MDC_CONC_AWAY_CO2_INSP')
    .flatMap(({ metric, measurement }) => (measurement.kind === 'measured' ? [`${metric.id} ${measurement.value.toFixed(1)}`] : []))
    .sort()
const readingOf = ({ frame }: Heard, id: string): string | number | undefined => {
  const found = frame.readings.find(({ metric, channel }) => metric.id === id && channel !== 'HR')
  return found === undefined ? undefined : found.measurement.kind === 'measured' ? found.measurement.value : found.measurement.reason
}
const values = ({ heard }: Run): readonly Heard[] => heard.filter(({ sent }) => sent !== null)

describe.each(['stable', 'asystole', 'leads-off', 'probe-off', 'opioid', 'desaturation'])('a monitor at a bed with %s', (scenario) => {
  const run = converse(scenario, 420)

  it('is heard in every number that it sends, once, with the right value', () => {
    expect(run.others).toEqual([])
    expect(values(run).length).toBeGreaterThan(80)
    expect(run.heard.filter(({ frame, sent }) => frame.readings.length > 0 && sent === null)).toEqual([])
    for (const { frame, sent } of values(run)) expect(numbersIn(frame)).toEqual((sent ?? []).map(({ metric, value }) => `${metric} ${value.toFixed(1)}`).sort())
  })

  it('has each measurement of its cuff told once, and none that the cuff did not make', () => {
    const told = values(run).flatMap(({ frame, second }) => frame.readings.filter(({ metric, measurement }) => metric.id === 'MDC_PRESS_BLD_NONINV_SYS' && measurement.kind === 'measured').map(({ measurement }) => ({ second, measurement })))
    const made = new Set(run.heard.map(({ moment }) => moment.signs.cuff).filter((cuff) => cuff?.systolic.kind === 'value').map((cuff) => cuff?.second))
    expect(told.length).toBe([...made].filter((second) => (second ?? 0) < 390).length)
    for (const { second } of told) expect([...made].some((at) => second - (at ?? 0) >= 15 && second - (at ?? 0) <= 26)).toBe(true)
  })

  it('is asked once, and not again while it sends', () => {
    expect(run.asked.slice(4)).toEqual([])
  })
})

describe('the traps of the real monitor', () => {
  it('a zero while the ECG is learned is no heart rate, the zero of asystole is one', () => {
    const run = values(converse('asystole@60', 150))
    expect(run.filter(({ second }) => second < 8).map((heard) => readingOf(heard, 'MDC_ECG_HEART_RATE'))).toEqual(['not-measured', 'not-measured'])
    expect(run.filter(({ second }) => second > 62).every((heard) => readingOf(heard, 'MDC_ECG_HEART_RATE') === 0)).toBe(true)
  })

  it('without its leads it counts at the finger, which is a pulse and no ECG', () => {
    const off = values(converse('leads-off@20', 100)).filter(({ second }) => second > 25)
    for (const { frame, ...rest } of off) {
      expect(readingOf({ frame, ...rest }, 'MDC_ECG_HEART_RATE')).toBe('lead-off')
      expect(frame.readings.find(({ channel }) => channel === 'HR')?.metric.id).toBe('MDC_PULS_OXIM_PULS_RATE')
    }
    expect(off.length).toBeGreaterThan(10)
  })

  it('a probe that comes off is invalid, not forgotten', () => {
    const off = values(converse('probe-off@30', 100)).filter(({ second }) => second > 32)
    expect(new Set(off.map((heard) => readingOf(heard, 'MDC_PULS_OXIM_SAT_O2')))).toEqual(new Set(['device-invalid']))
  })
})

describe('waveforms of a conversation', () => {
  const of = (run: Run, id: string): { readonly start: number; readonly samples: number; readonly rateHz: number; readonly range: readonly number[] }[] =>
    run.heard.flatMap(({ frame }) => frame.waveforms).filter(({ metric }) => metric === id).map(({ deviceAt, samples, rateHz, scale }) => ({
      start: (deviceAt ?? 0) - START, samples: samples.length, rateHz, range: [Math.min(...samples) * scale, Math.max(...samples) * scale],
    }))

  it('arrive whole, at their rate, without a hole or an overlap', () => {
    const run = converse('stable', 120)
    for (const [id, rateHz, low, high] of [['MDC_ECG_ELEC_POTL_II', 300, -1, 2], ['MDC_PRESS_BLD_ART', 100, 30, 220], ['MDC_PULS_OXIM_PLETH', 100, -20, 120], ['MDC_CONC_AWAY_CO2', 25, 0, 10]] as const) {
      const waves = of(run, id)
      const samples = waves.reduce((sum, wave) => sum + wave.samples, 0)
      // The first record of values names the leads and lines, so that the first stretches have general names.
      expect(samples).toBeGreaterThan(rateHz * 115)
      expect(samples).toBeLessThanOrEqual(rateHz * 120)
      for (const { range, rateHz: rate } of waves) expect([rate, (range[0] ?? 0) >= low, (range[1] ?? 0) <= high]).toEqual([rateHz, true, true])
      waves.slice(1).forEach((wave, index) => expect(Math.abs(wave.start - ((waves[index]?.start ?? 0) + ((waves[index]?.samples ?? 0) * 1_000) / rateHz))).toBeLessThanOrEqual(1))
    }
  })

  it('of leads that are off do not come, the others do', () => {
    const run = converse('leads-off@20', 80)
    const late = { ...run, heard: run.heard.filter(({ second }) => second > 22) }
    expect([of(late, 'MDC_ECG_ELEC_POTL_II').length, of(late, 'MDC_PULS_OXIM_PLETH').length > 100]).toEqual([0, true])
  })
})

describe('a line that is disturbed', () => {
  it('a monitor that was switched off is asked again, and its unset clock is told as it is', () => {
    const run = converse('monitor-rebooted@30', 130)
    expect(run.asked.slice(4)).toEqual(expect.arrayContaining([expect.stringMatching(/^\d+ values$/), expect.stringMatching(/^\d+ waves$/)]))
    const after = values(run).filter(({ second }) => second > 56)
    expect(after.length).toBeGreaterThan(8)
    const years = new Set(after.map(({ frame }) => new Date(frame.sentAt ?? 0).getUTCFullYear()))
    expect(years.has(2000) || years.has(2026)).toBe(true)
    for (const { frame, sent } of after) expect(numbersIn(frame)).toEqual((sent ?? []).map(({ metric, value }) => `${metric} ${value.toFixed(1)}`).sort())
  })

  it('a cable that was out ends the waveforms, and they are asked for again', () => {
    const run = converse('cable-pulled@20', 260)
    const waves = run.heard.filter(({ frame }) => frame.waveforms.length > 0)
    expect(waves.some(({ second }) => second >= 20 && second < 140)).toBe(false)
    expect(waves.filter(({ second }) => second >= 140).length).toBeGreaterThan(100)
  })
})

describe('a CARESCAPE', () => {
  const run = converse('asystole@60', 180, { level: 11, tellsCuffTime: true, settings: { trend: '10', waves: 'none' } })

  it('tells when its cuff measured', () => {
    const cuffs = values(run).flatMap(({ frame, moment }) => frame.readings.filter(({ metric, flags }) => metric.id === 'MDC_PRESS_BLD_NONINV_SYS' && !flags.includes('history')).map(({ deviceAt }) => [deviceAt, START + (moment.signs.cuff?.second ?? 0) * 1_000]))
    expect(cuffs.length).toBeGreaterThan(0)
    for (const [told, made] of cuffs) expect(Math.abs((told ?? 0) - (made ?? 0))).toBeLessThanOrEqual(1_000)
  })

  it('has its own alarms heard once each, in its own language', () => {
    const alarms = run.heard.flatMap(({ frame }) => frame.alarms.map(({ text, phase, priority }) => `${text} ${phase} ${priority}`))
    expect(alarms).toContain('ASYSTOLIE start high')
    expect(new Set(alarms).size).toBe(alarms.length)
  })

  it('has its trends kept as history', () => {
    const trends = run.heard.filter(({ frame }) => frame.readings.some(({ flags }) => flags.includes('history')))
    expect(trends.length).toBeGreaterThan(14)
    for (const { frame } of trends) expect(frame.sentAt).toBe(null)
  })
})
