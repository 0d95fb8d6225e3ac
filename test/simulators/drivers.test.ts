import { describe, expect, it } from 'vitest'
import { createBedside } from '../../simulators/monitors/bedside.ts'
import type { SimulatedDevice } from '../../simulators/monitors/device.ts'
import { createMindrayPds } from '../../simulators/monitors/mindray-pds.ts'
import { type DeviceParts, intellivueOf, isSerialModel, personOf, SERIAL_MODEL_NAMES, serialModel } from '../../simulators/monitors/models.ts'
import type { BedPlan, Transport } from '../../simulators/monitors/plan.ts'
import type { Plug, SentValue } from '../../simulators/monitors/wire.ts'
import { SCENARIO_NAMES } from '../../simulators/patients/scenarios.ts'
import type { Reading } from '../../src/domain/reading.ts'
import { monoMs } from '../../src/domain/time.ts'
import { DRIVERS, driverOf } from '../../src/drivers.ts'
import type { Driver, DriverSettings, Frame, Session, SessionOutput } from '../../src/seams.ts'

const START = Date.UTC(2026, 0, 1)
const PATIENT = { mrn: 'DEMO-1', name: 'Ada Ash' }

type Talker = { readonly name: string; readonly driver: Driver; readonly transport: Transport; readonly frame: (bytes: Uint8Array) => Uint8Array }
const mllp = (bytes: Uint8Array): Uint8Array => Buffer.concat([Buffer.from([0x0b]), bytes, Buffer.from([0x1c, 0x0d])])
const asItIs = (bytes: Uint8Array): Uint8Array => bytes
const MODELS = SERIAL_MODEL_NAMES.filter(isSerialModel)
const TALKERS: readonly Talker[] = [
  ...(['accept', 'application'] as const).map((style): Talker => ({
    name: `an HL7 monitor that wants ${style} acknowledgements`, driver: driverOf('hl7'), transport: { kind: 'hl7', host: 'x', port: 1, style }, frame: mllp,
  })),
  { name: 'an MQTT module', driver: driverOf('mqtt-json'), transport: { kind: 'mqtt', url: 'x', username: 'x', password: 'x' }, frame: asItIs },
  { name: 'an adapter of the tele-ICU middleware', driver: driverOf('mqtt-teleicu'), transport: { kind: 'mqtt', url: 'x', username: 'x', password: 'x', speaks: 'teleicu' }, frame: asItIs },
  ...MODELS.filter((model) => serialModel(model).speech.kind === 'talks').map((model): Talker => ({
    name: `the serial ${model}`, driver: driverOf(serialModel(model).driver), transport: { kind: 'serial', link: 'x', model }, frame: asItIs,
  })),
]

/** Monitors whose bytes say the date: with its zone, or in one that is a setting. */
const hasCalendar = ({ id, settings }: Driver): boolean => id === 'mqtt-json' || settings.some(({ name }) => name === 'zone')
/** The Ivy shows its last cuff again and again: what is new of it is the driver's to find, and its own test's to check. */
const isCompared = (driver: Driver, { flags }: Reading): boolean => driver.id !== 'ivy-450c' || !flags.includes('episodic')

/** Long enough for the longest fault, a cable that is out for two minutes, to begin and end. */
const SECONDS = 180

type Good = Extract<Frame, { kind: 'good' }>
const isGood = (frame: Frame): frame is Good => frame.kind === 'good'
const measuredOf = (readings: readonly Reading[]): readonly string[] =>
  readings.flatMap(({ metric, measurement }) => (measurement.kind === 'measured' ? [`${metric.id} ${measurement.value}`] : [])).sort()

// The two sides share no code, so what they agree on here was agreed on by two readings of the same public documents.
describe.each(TALKERS)('$name', ({ driver, transport, frame }) => {
  it.each(SCENARIO_NAMES)('is understood by its driver, value for value, through %s', (scenario) => {
    const plan: BedPlan = { bed: 'bed-1', device: 'monitor-1', scenario: `${scenario}@30`, patient: PATIENT, transport }
    const bedside = createBedside(17, plan, START)
    const session = driver.open({})
    let partial = 0
    for (let second = 0; second < SECONDS; second++) {
      const { moment, message } = bedside.next(START + second * 1_000)
      if (message === null) continue
      const { frames } = session.receive(frame(message.bytes), monoMs(second * 1_000))
      const good = frames.filter(isGood)
      if (good.length === 0) {
        expect(message.values, JSON.stringify(frames)).toEqual([])
        partial++
        continue
      }
      expect(good.flatMap(({ faults }) => faults)).toEqual([])
      const readings = good.flatMap((each) => each.readings).filter((reading) => isCompared(driver, reading))
      // Measured when the monitor measured it, a cuff at its own earlier time; a clock that is not set yet is another matter.
      if (scenario !== 'monitor-rebooted') {
        const times = new Set(hasCalendar(driver) ? [second, moment.signs.cuff?.second ?? second].map((at) => START + at * 1_000) : [null])
        expect(readings.filter(({ deviceAt }) => !times.has(deviceAt))).toEqual([])
      }
      expect(measuredOf(readings)).toEqual(message.values.map(({ metric, value }) => `${metric} ${value}`).sort())
    }
    // A serial line is heard from the middle of a line once at the start and after each replug or restart.
    expect(partial).toBeLessThanOrEqual(transport.kind === 'serial' ? 2 : 0)
  })
})

type Answerer = {
  readonly name: string
  readonly driver: Driver
  readonly settings: DriverSettings
  readonly create: (parts: DeviceParts) => SimulatedDevice
  /** Whether the conversation ends with the power, as a socket does, or only with the cable. */
  readonly endsWithPower: boolean
  /** Whether the link can end the conversation itself and begin another. */
  readonly canClose: boolean
}

function answererOf(name: (typeof MODELS)[number]): readonly Answerer[] {
  const { driver, speech, settings = {} } = serialModel(name)
  if (speech.kind === 'talks') return []
  return [{ name: `the serial ${name}`, driver: driverOf(driver), settings, create: speech.create, endsWithPower: false, canClose: false }]
}

const ANSWERERS: readonly Answerer[] = [
  ...MODELS.flatMap(answererOf),
  {
    name: 'an IntelliVue on the network', driver: driverOf('philips-intellivue'), settings: { framing: 'lan' }, endsWithPower: false, canClose: true,
    create: (parts) => intellivueOf(parts, 'lan'),
  },
  { name: 'a Mindray monitor', driver: driverOf('mindray-pds'), settings: {}, endsWithPower: true, canClose: true, create: mindrayOf },
]

function mindrayOf({ device, patient, issued }: DeviceParts): SimulatedDevice {
  const monitor = createMindrayPds({ name: device, department: 'WARD', bed: 'bed-1', address: null, port: 1, patient: personOf(patient) })
  return {
    hear: (bytes, atMs) => monitor.hear(bytes, atMs),
    tick(moment, atMs) {
      if (moment.insult.power === 'off') monitor.restart()
      const said = moment.insult.power === 'on' ? monitor.tick(moment, atMs) : []
      issued?.(monitor.issued())
      return said
    },
  }
}

type Heard = {
  readonly issued: readonly string[]
  readonly read: readonly string[]
  /** Values that were read in the last seconds of the conversation. */
  readonly latelyRead: number
  readonly good: readonly Good[]
  readonly others: readonly Frame[]
}
const BEAT_MS = 200

/** A device at a bed and a session, on a line that goes as the cable and the power go. */
function converse({ driver, settings, create, endsWithPower, canClose }: Answerer, scenario: string, seconds: number): Heard {
  const plan: BedPlan = { bed: 'bed-1', device: 'monitor-1', scenario, patient: PATIENT, transport: { kind: 'intellivue', host: 'x', port: 1 } }
  const bedside = createBedside(17, plan, START)
  const issued: SentValue[] = []
  const frames: Frame[] = []
  let framesBefore = 0
  let plug: Plug = 'plugged'
  const told = (values: readonly SentValue[]): void => void (plug === 'plugged' && issued.push(...values))
  const device = create({ device: 'monitor-1', patient: PATIENT, startedAt: START, shown: (atMs) => atMs, issued: told })
  let session: Session | null = null
  let wakeAt: number | null = null

  const toGateway = (messages: readonly Uint8Array[], ms: number): void => {
    for (const bytes of messages) if (session !== null) take(session.receive(bytes, monoMs(ms)), ms)
  }
  const toDevice = (bytes: Uint8Array, ms: number): void => toGateway(device.hear(bytes, START + ms), ms)
  function take(output: SessionOutput, ms: number): void {
    wakeAt = output.wakeAt
    frames.push(...output.frames)
    for (const bytes of output.send) toDevice(bytes, ms)
    for (const frame of output.frames) {
      const answer = frame.kind === 'skipped' ? null : frame.reply?.({ kind: 'stored' })
      if (answer) toDevice(answer, ms)
    }
    if (output.close !== undefined && canClose) session = null
  }

  let tick = bedside.next(START)
  for (let ms = 0; ms < seconds * 1_000; ms += BEAT_MS) {
    if (ms > 0 && ms % 1_000 === 0) tick = bedside.next(START + ms)
    if (ms === (seconds - latelyOf(driver)) * 1_000) framesBefore = frames.length
    plug = tick.plug
    if (plug === 'pulled' || (plug === 'dead' && endsWithPower)) session = null
    else if (session === null && ms % 1_000 === 0) {
      session = driver.open(settings)
      wakeAt = ms
    }
    toGateway(device.tick(tick.moment, START + ms), ms)
    if (session !== null && wakeAt !== null && ms >= wakeAt) take(session.wake(monoMs(ms)), ms)
  }
  const said = (metric: string, value: number): string => `${metric} ${value.toFixed(1)}`
  const readIn = (some: readonly Frame[]): readonly string[] =>
    some.filter(isGood).flatMap((good) => good.readings).flatMap(({ metric, measurement }) => (measurement.kind === 'measured' ? [said(metric.id, measurement.value)] : []))
  return {
    issued: issued.map(({ metric, value }) => said(metric, value)),
    read: readIn(frames),
    latelyRead: readIn(frames.slice(framesBefore)).length,
    good: frames.filter(isGood),
    others: frames.filter(({ kind }) => kind === 'bad' || kind === 'quarantined'),
  }
}

/** What is in `some` oftener than in `all`. */
function missing(some: readonly string[], all: readonly string[]): readonly string[] {
  const left = new Map<string, number>()
  for (const each of all) left.set(each, (left.get(each) ?? 0) + 1)
  return some.filter((each) => {
    const count = left.get(each) ?? 0
    left.set(each, count - 1)
    return count <= 0
  })
}

/** In s: an analyser measures every two minutes. */
const latelyOf = ({ id }: Driver): number => (id === 'astm' ? 480 : 20)
const lengthOf = (driver: Driver): number => 40 + latelyOf(driver)

describe.each(ANSWERERS)('$name', (answerer) => {
  // Nothing of what went out is lost or changed; each simulator's own test says that nothing is added.
  it.each(['desaturation@20', 'asystole@30', 'leads-off@30'])('is understood by its driver, value for value, through %s', (scenario) => {
    const { issued, read, good, others } = converse(answerer, scenario, lengthOf(answerer.driver))
    expect(issued.length).toBeGreaterThan(20)
    expect(missing(issued, read)).toEqual([])
    expect(others).toEqual([])
    expect(good.flatMap(({ faults }) => faults)).toEqual([])
  })

  it.each([['cable-pulled@10', 130], ['monitor-rebooted@10', 35]] as const)("is heard again after %s, without anybody's help", (scenario, overAtS) => {
    const seconds = 25 + latelyOf(answerer.driver)
    const steady = converse(answerer, 'stable', seconds).latelyRead
    expect(steady).toBeGreaterThan(10)
    expect(converse(answerer, scenario, overAtS + seconds).latelyRead).toBeGreaterThan(steady * 0.7)
  })

  it('sends waveforms where its protocol has them, and tells of its alarms', () => {
    const { good } = converse(answerer, 'desaturation@10', 60)
    const samples = good.flatMap(({ waveforms }) => waveforms).reduce((sum, wave) => sum + wave.samples.length, 0)
    if (!['mindray-pds', 'astm', 'hl7'].includes(answerer.driver.id)) expect(samples).toBeGreaterThan(60 * 100)
    const alarms = new Set(good.flatMap((frame) => frame.alarms.map(({ phase }) => phase)))
    const isTold = !['astm', 'mindray-pds', 'hl7'].includes(answerer.driver.id) && answerer.name !== 'the serial s-5'
    expect(alarms.has('start')).toBe(isTold)
  })
})

it('every driver has a simulated device that it is tried with', () => {
  expect(new Set([...TALKERS, ...ANSWERERS].map(({ driver }) => driver.id))).toEqual(new Set(DRIVERS.keys()))
})
