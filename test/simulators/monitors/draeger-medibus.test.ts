import { describe, expect, it } from 'vitest'
import draeger from '../../../drivers/draeger-medibus/driver.ts'
import { monoMs } from '../../../src/domain/time.ts'
import type { DriverSettings, Frame } from '../../../src/seams.ts'
import { createDraeger } from '../../../simulators/monitors/draeger-medibus.ts'
import type { SentValue } from '../../../simulators/monitors/wire.ts'
import { createPatient, type Moment } from '../../../simulators/patients/patient.ts'
import { randomOf } from '../../../simulators/patients/random.ts'
import { parseScenario } from '../../../simulators/patients/scenarios.ts'
import { createWaves } from '../../../simulators/patients/waves.ts'

const START = Date.UTC(2026, 10, 22, 7)
const TICK_MS = 250

type Good = Extract<Frame, { kind: 'good' }>
type Heard = { readonly second: number; readonly frame: Good }
type Run = {
  readonly heard: readonly Heard[]
  readonly issued: readonly (readonly SentValue[])[]
  readonly drawn: ReadonlyMap<string, readonly number[]>
  readonly asked: readonly string[]
  readonly others: readonly string[]
}

type Options = { readonly settings?: DriverSettings; readonly refuses?: readonly number[]; readonly harm?: (bytes: Uint8Array) => Uint8Array }

/** A ventilator and a session on one cable. What is said while the cable is out falls on the floor, in both directions. */
function converse(scenario: string, seconds: number, { settings = {}, refuses = [], harm = (bytes) => bytes }: Options = {}): Run {
  const parsed = parseScenario(scenario)
  if (parsed === null) throw new Error(scenario)
  const issued: (readonly SentValue[])[] = []
  const drawn = new Map<string, number[]>(['MDC_PRESS_AWAY', 'MDC_FLOW_AWAY', 'MDC_CONC_AWAY_CO2'].map((metric) => [metric, []]))
  const patient = createPatient(7, 'bed-1', parsed)
  const sampled = (metric: string, value: number): void => void drawn.get(metric)?.push(value)
  const device = createDraeger({ waves: createWaves(7), clock: (atMs) => START + atMs, refuses, sent: (values) => issued.push(values), sampled })
  const session = draeger.open(settings)
  const heard: Heard[] = []
  const asked: string[] = []
  const others: string[] = []
  let wakeAt: number | null = 0
  let moment: Moment = patient.next()
  const say = (messages: readonly Uint8Array[], atMs: number): void => {
    for (const bytes of messages) {
      if (bytes[0] === 0x1b) asked.push(`${Math.floor(atMs / 1_000)} ${(bytes[1] ?? 0).toString(16)}`)
      if (moment.insult.cable === 'plugged') device.hear(bytes, atMs)
    }
  }
  for (let atMs = 0; atMs < seconds * 1_000; atMs += TICK_MS) {
    if (atMs > 0 && atMs % 1_000 === 0) moment = patient.next()
    const now = monoMs(atMs)
    if (wakeAt !== null && atMs >= wakeAt) {
      const woken = session.wake(now)
      wakeAt = woken.wakeAt
      say(woken.send, atMs)
    }
    for (const bytes of device.tick(moment, atMs)) {
      if (moment.insult.cable !== 'plugged') continue
      const received = harm(bytes)
      for (let from = 0; from < received.length; from += 60) {
        const output = session.receive(received.subarray(from, from + 60), now)
        wakeAt = output.wakeAt
        say(output.send, atMs)
        for (const frame of output.frames) {
          if (frame.kind === 'good') heard.push({ second: moment.second, frame })
          else if (frame.kind !== 'skipped') others.push(`${frame.kind}: ${frame.why}`)
        }
      }
    }
  }
  for (const frame of session.end(monoMs(seconds * 1_000)).frames) if (frame.kind === 'good') heard.push({ second: moment.second, frame })
  return { heard, issued, drawn, asked, others }
}

const isSetting = ({ readings }: Good): boolean => readings.some(({ metric }) => metric.id.endsWith('SETTING'))
const told = ({ heard }: Run): readonly string[] =>
  heard.flatMap(({ frame }) =>
    frame.readings.length === 0 || isSetting(frame)
      ? []
      : [frame.readings.flatMap(({ metric, measurement }) => (measurement.kind === 'measured' ? [`${metric.id} ${measurement.value}`] : [])).sort().join()],
  )
const sent = (run: Run): readonly string[] => run.issued.map((values) => values.map(({ metric, value }) => `${metric} ${value}`).sort().join())

describe.each(['stable', 'desaturation', 'probe-off', 'opioid'])('a ventilator at a bed with %s', (scenario) => {
  const run = converse(scenario, 240)

  it('has each of its values read once, with the right number', () => {
    expect(run.others).toEqual([])
    expect(told(run).length).toBeGreaterThan(100)
    expect(told(run)).toEqual(sent(run))
  })

  it('has each sample of its curves read once, in order', () => {
    for (const metric of ['MDC_PRESS_AWAY', 'MDC_FLOW_AWAY', 'MDC_CONC_AWAY_CO2']) {
      const waves = run.heard.flatMap(({ frame }) => frame.waveforms.filter((wave) => wave.metric === metric))
      const samples = waves.flatMap(({ samples: raw, scale, offset }) => Array.from(raw, (each) => Number((each * scale + offset).toFixed(6))))
      const expected = (run.drawn.get(metric) ?? []).map((value) => Number(value.toFixed(6)))
      expect(samples.length).toBeGreaterThan(62 * 200)
      expect(new Set(waves.map(({ rateHz }) => rateHz))).toEqual(new Set([62.5]))
      // What was on its way when the line was opened, and when it was closed, may be missing.
      const first = expected.findIndex((value, index) => value === samples[0] && expected[index + 1] === samples[1] && expected[index + 2] === samples[2])
      expect(first).toBeLessThan(5)
      expect(samples).toEqual(expected.slice(first, first + samples.length))
      expect(expected.length - first - samples.length).toBeLessThan(3)
    }
  })

  it('is called once', () => expect(run.asked.filter((each) => each.endsWith(' 51')).length).toBe(1))
})

describe('a ventilator that has troubles', () => {
  it('that was switched off is heard again, and so is one whose cable was out', () => {
    for (const scenario of ['monitor-rebooted@30', 'cable-pulled@30']) {
      const run = converse(scenario, 300)
      const seconds = run.heard.filter(({ frame }) => frame.readings.length > 0).map(({ second }) => second)
      expect(seconds.some((second) => second > 20 && second < 30)).toBe(true)
      expect(seconds.filter((second) => second > 290).length).toBeGreaterThan(4)
      expect(run.heard.filter(({ frame, second }) => second > 290 && frame.waveforms.length > 0).length).toBeGreaterThan(4)
      expect(told(run).every((values) => new Set(sent(run)).has(values))).toBe(true)
    }
  })

  it('an older one that refuses curves and a second page of alarms still tells its values', () => {
    const run = converse('stable', 120, { refuses: [0x53, 0x2e] })
    expect(told(run)).toEqual(sent(run))
    expect(told(run).length).toBeGreaterThan(50)
    expect(run.asked.filter((each) => each.endsWith(' 53') || each.endsWith(' 2e')).length).toBe(4)
  })

  it('on a line with noise tells nothing that it did not measure', () => {
    const random = randomOf(11)
    const run = converse('stable', 240, {
      settings: { waves: 'none' },
      harm: (bytes) => {
        if (random.uniform() > 0.1) return bytes
        const at = Math.floor(random.uniform() * bytes.length)
        return random.uniform() < 0.5 ? Uint8Array.from([...bytes].toSpliced(at, 1)) : bytes.with(at, Math.floor(random.uniform() * 256))
      },
    })
    const honest = new Set(sent(run))
    expect(run.others.length).toBeGreaterThan(3)
    expect(told(run).length).toBeGreaterThan(60)
    expect(told(run).filter((values) => !honest.has(values))).toEqual([])
  })

  it('has its alarms told when they begin and when they end', () => {
    const run = converse('probe-off@20', 240)
    const alarms = run.heard.flatMap(({ frame }) => frame.alarms.map(({ id, phase }) => `${id} ${phase}`))
    expect(alarms.length).toBeGreaterThan(0)
    expect(new Set(alarms).size).toBe(alarms.length)
    expect(alarms[0]).toBe('draeger:35#1 start')
  })
})
