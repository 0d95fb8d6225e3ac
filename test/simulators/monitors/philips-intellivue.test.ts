import { describe, expect, it } from 'vitest'
import intellivue from '../../../drivers/philips-intellivue/driver.ts'
import { type IntellivueOptions, createIntellivue } from '../../../simulators/monitors/philips-intellivue.ts'
import type { SentValue } from '../../../simulators/monitors/wire.ts'
import { createPatient } from '../../../simulators/patients/patient.ts'
import { parseScenario } from '../../../simulators/patients/scenarios.ts'
import { type MonoMs, monoMs } from '../../../src/domain/time.ts'
import type { DriverSettings, Frame, Session, SessionOutput } from '../../../src/seams.ts'

const START = Date.UTC(2026, 0, 1)
const STEP_MS = 50
type Good = Extract<Frame, { kind: 'good' }>

type Talk = {
  readonly scenario?: string
  readonly seconds: number
  readonly settings?: DriverSettings
  readonly monitor: Omit<IntellivueOptions, 'device' | 'startedAt' | 'issued' | 'patient'> & { readonly patient?: IntellivueOptions['patient'] }
  /** What becomes of bytes on their way; true: they arrive. */
  readonly toMonitor?: (atMs: number) => boolean
  readonly toGateway?: (atMs: number) => boolean
}
type Heard = {
  readonly frames: readonly { readonly atMs: number; readonly frame: Frame }[]
  readonly sends: readonly { readonly atMs: number; readonly bytes: Uint8Array }[]
  readonly issued: readonly (SentValue & { readonly second: number })[]
}

/** A monitor and a session at the two ends of a wire in memory, for seconds of simulated time. */
function talk({ scenario = 'stable', seconds, settings = {}, monitor, toMonitor = () => true, toGateway = () => true }: Talk): Heard {
  const parsed = parseScenario(scenario)
  if (parsed === null) throw new Error(scenario)
  const issued: (SentValue & { second: number })[] = []
  const device = createIntellivue({
    patient: { mrn: 'DEMO-1', family: 'Ash', given: 'Ada' },
    ...monitor,
    device: 'monitor-1',
    startedAt: START,
    issued: (values, second) => issued.push(...values.map((value) => ({ ...value, second }))),
  })
  const patient = createPatient(11, 'bed-1', parsed)
  const session: Session = intellivue.open(settings)
  const frames: { atMs: number; frame: Frame }[] = []
  const sends: { atMs: number; bytes: Uint8Array }[] = []
  let wakeAt: MonoMs | null = monoMs(0)
  const arrived = (bytes: readonly Uint8Array[], atMs: number): void => {
    for (const one of bytes) if (toGateway(atMs)) take(session.receive(one, monoMs(atMs)), atMs)
  }
  const take = (output: SessionOutput, atMs: number): void => {
    frames.push(...output.frames.map((frame) => ({ atMs, frame })))
    wakeAt = output.wakeAt
    for (const bytes of output.send) {
      sends.push({ atMs, bytes })
      if (toMonitor(atMs)) arrived(device.hear(bytes, atMs), atMs)
    }
  }
  let moment = patient.next()
  for (let atMs = 0; atMs < seconds * 1_000; atMs += STEP_MS) {
    while (moment.second < Math.floor(atMs / 1_000)) moment = patient.next()
    arrived(device.tick(moment, atMs), atMs)
    if (wakeAt !== null && wakeAt <= atMs) take(session.wake(monoMs(atMs)), atMs)
  }
  return { frames, sends, issued }
}

const goods = ({ frames }: Heard): readonly Good[] => frames.map(({ frame }) => frame).filter((frame): frame is Good => frame.kind === 'good')
const measuredIn = (heard: Heard): readonly string[] =>
  goods(heard).flatMap(({ readings }) => readings.flatMap(({ metric, measurement }) => (measurement.kind === 'measured' ? [`${metric.id} ${measurement.value}`] : []))).toSorted()
const issuedIn = ({ issued }: Heard): readonly string[] => issued.map(({ metric, value }) => `${metric} ${value}`).toSorted()
const whysIn = ({ frames }: Heard): readonly string[] => frames.flatMap(({ frame }) => ('why' in frame ? [frame.why] : []))

describe.each(['rs232', 'lan'] as const)('an IntelliVue over %s', (framing) => {
  it.each(['stable', 'desaturation@20', 'leads-off@30', 'probe-off@30', 'asystole@40'])('is read value for value, each once, through %s', (scenario) => {
    const heard = talk({ scenario, seconds: 60, settings: { framing }, monitor: { framing } })
    expect(heard.issued.length).toBeGreaterThan(400)
    expect(measuredIn(heard)).toEqual(issuedIn(heard))
    expect(goods(heard).flatMap(({ faults }) => faults)).toEqual([])
    expect(heard.frames.filter(({ frame }) => frame.kind === 'bad' || frame.kind === 'quarantined')).toEqual([])
  })

  it('is polled one by one when its software knows no extended poll', () => {
    const heard = talk({ seconds: 60, settings: { framing }, monitor: { framing, software: 'first' } })
    expect(measuredIn(heard)).toEqual(issuedIn(heard))
    expect(heard.issued.length).toBeGreaterThan(500)
    expect(goods(heard).flatMap(({ waveforms }) => waveforms)).toEqual([])
  })

  it('says who the patient is', () => {
    const heard = talk({ seconds: 20, settings: { framing }, monitor: { framing } })
    expect(goods(heard).map(({ identity }) => identity).filter((identity) => identity !== null)[0]).toEqual({ mrn: 'DEMO-1', name: 'Ash, Ada' })
    const nobody = talk({ seconds: 20, settings: { framing }, monitor: { framing, patient: null } })
    expect(goods(nobody).some(({ identity }) => identity !== null)).toBe(false)
  })

  it('sends waves without a gap, sample for sample', () => {
    const heard = talk({ seconds: 15, settings: { framing }, monitor: { framing } })
    const waves = goods(heard).flatMap(({ waveforms }) => waveforms)
    expect(Object.fromEntries(waves.map(({ metric, rateHz, unit }) => [metric, [rateHz, unit]]))).toEqual({
      MDC_ECG_ELEC_POTL_II: [500, 'mV'],
      MDC_PULS_OXIM_PLETH: [125, '1'],
      MDC_RESP: [62.5, 'Ohm'],
      MDC_PRESS_BLD_ART_ABP: [125, 'mm[Hg]'],
    })
    for (const id of new Set(waves.map(({ metric }) => metric))) {
      const blocks = waves.filter(({ metric }) => metric === id)
      expect(blocks.length).toBeGreaterThan(45)
      for (const [index, block] of blocks.entries()) {
        const before = blocks[index - 1]
        if (before === undefined || before.deviceAt === null || block.deviceAt === null) continue
        expect(block.deviceAt - before.deviceAt).toBe(256)
      }
    }
    const ecg = waves.filter(({ metric }) => metric === 'MDC_ECG_ELEC_POTL_II').flatMap(({ samples, scale, offset }) => Array.from(samples, (sample) => sample * scale + offset))
    expect(Math.max(...ecg)).toBeGreaterThan(0.9)
    expect(Math.min(...ecg)).toBeGreaterThan(-0.4)
    const pressure = waves.filter(({ metric }) => metric === 'MDC_PRESS_BLD_ART_ABP').flatMap(({ samples, scale, offset }) => Array.from(samples, (sample) => sample * scale + offset))
    expect(Math.max(...pressure)).toBeGreaterThan(90)
    expect(Math.max(...pressure)).toBeLessThan(180)
  })
})

describe('the dialogue', () => {
  const rs232 = { framing: 'rs232' } as const

  it('tries both formats in turn when it is told neither', () => {
    for (const framing of ['rs232', 'lan'] as const) {
      const heard = talk({ seconds: 20, monitor: { framing } })
      expect(heard.issued.length).toBeGreaterThan(50)
      expect(measuredIn(heard)).toEqual(issuedIn(heard))
    }
  })

  it('associates again after the line was dead, and nothing is told twice', () => {
    const cut = (atMs: number): boolean => atMs < 40_000 || atMs > 58_000
    const heard = talk({ seconds: 80, settings: rs232, monitor: rs232, toMonitor: cut, toGateway: cut })
    expect(whysIn(heard).filter((why) => why === 'the monitor accepts the association')).toHaveLength(2)
    const seen = measuredIn(heard).filter((value) => value.includes('NONINV'))
    expect(new Set(seen).size).toBe(seen.length)
    const last = heard.frames.findLast(({ frame }) => frame.kind === 'good' && frame.readings.length > 0)
    expect(last?.atMs).toBeGreaterThan(78_000)
  })

  it('begins anew with a monitor that was switched off and on', () => {
    const heard = talk({ scenario: 'monitor-rebooted@30', seconds: 120, settings: rs232, monitor: rs232 })
    expect(whysIn(heard).filter((why) => why === 'the monitor accepts the association').length).toBeGreaterThanOrEqual(2)
    expect(measuredIn(heard)).toEqual(issuedIn(heard))
    expect(heard.frames.findLast(({ frame }) => frame.kind === 'good')?.atMs).toBeGreaterThan(118_000)
  })

  it('lives through lost answers in both directions', () => {
    let count = 0
    const lossy = (): boolean => ++count % 7 !== 0
    const heard = talk({ seconds: 80, settings: { framing: 'lan' }, monitor: { framing: 'lan' }, toMonitor: lossy, toGateway: lossy })
    const issued = issuedIn(heard)
    expect(measuredIn(heard).length).toBeGreaterThan(issued.length * 0.5)
    expect(measuredIn(heard).filter((value) => !issued.includes(value))).toEqual([])
  })

  it('never sends more than four messages in 128 ms, and nothing but calls, polls and answers', () => {
    const heard = talk({ seconds: 40, settings: rs232, monitor: rs232 })
    for (const [index, { atMs }] of heard.sends.entries()) {
      const fourBefore = heard.sends[index - 4]
      if (fourBefore !== undefined) expect(atMs - fourBefore.atMs).toBeGreaterThanOrEqual(128)
    }
    // Session type, and for operations: kind, command.
    const kinds = new Set(heard.sends.map(({ bytes }) => (bytes[5] === 0xe1 ? `E1 ${bytes[10]} ${bytes[16]}` : `${bytes[5]?.toString(16)}`)))
    expect([...kinds].toSorted()).toEqual(['9', 'E1 1 5', 'E1 1 7', 'E1 2 1', 'd'])
  })

  it('keeps polling when a poll is refused: this software has no enumerations', () => {
    const heard = talk({ seconds: 60, settings: rs232, monitor: { ...rs232, software: 'waves' } })
    expect(measuredIn(heard)).toEqual(issuedIn(heard))
  })

  it('says so once when a module is pulled, and has its values again when it is back', () => {
    const heard = talk({ seconds: 60, settings: rs232, monitor: { ...rs232, pulled: (second) => (second >= 20 && second < 40 ? ['oximeter'] : []) } })
    const saturations = goods(heard).flatMap(({ readings }) => readings.filter(({ metric }) => metric.id === 'MDC_PULS_OXIM_SAT_O2').map(({ measurement }) => (measurement.kind === 'measured' ? 'value' : measurement.reason)))
    expect(saturations.filter((what) => what !== 'value')).toEqual(['not-measured'])
    expect(saturations.indexOf('not-measured')).toBeGreaterThan(10)
    expect(saturations.at(-1)).toBe('value')
    expect(measuredIn(heard)).toEqual(issuedIn(heard))
  })

  it('makes nothing of the language of the labels', () => {
    const [english, french] = [false, true].map((isFrench) => talk({ seconds: 30, settings: rs232, monitor: { ...rs232, isFrench } }))
    if (english === undefined || french === undefined) throw new Error('unreachable')
    expect(measuredIn(french)).toEqual(measuredIn(english))
  })

  it('marks each value of a demonstration, and passes no wave of it on', () => {
    const heard = talk({ seconds: 30, settings: rs232, monitor: { ...rs232, isDemo: true } })
    const readings = goods(heard).flatMap((frame) => frame.readings)
    expect(readings.length).toBeGreaterThan(200)
    expect(readings.every(({ flags }) => flags.includes('demo'))).toBe(true)
    expect(goods(heard).flatMap(({ waveforms }) => waveforms)).toEqual([])
  })

  it('tells the alarms of the monitor from start to end, silenced at the bedside in between', () => {
    const heard = talk({ scenario: 'leads-off@30', seconds: 60, settings: rs232, monitor: rs232 })
    const told = goods(heard).flatMap(({ alarms }) => alarms.map(({ phase, code, text, inactivation }) => [phase, code, text, inactivation.join(' ')]))
    expect(told).toEqual([
      ['start', 'philips:274', 'ECG LEADS OFF', ''],
      ['update', 'philips:274', 'ECG LEADS OFF', 'audio-off alert-acknowledged'],
    ])
    const long = talk({ scenario: 'leads-off@30', seconds: 275, settings: { framing: 'lan', waves: 'none' }, monitor: { framing: 'lan' } })
    expect(goods(long).flatMap(({ alarms }) => alarms.map(({ phase }) => phase))).toEqual(['start', 'update', 'end'])
  })

  it('dates a cuff by its own time, and tells it once', () => {
    const heard = talk({ seconds: 90, settings: { ...rs232, zone: 'UTC' }, monitor: rs232 })
    const cuffs = goods(heard).flatMap(({ readings }) => readings.filter(({ metric }) => metric.id === 'MDC_PRESS_BLD_NONINV_SYS'))
    expect(cuffs).toHaveLength(1)
    const [cuff] = cuffs
    expect(cuff?.flags).toContain('episodic')
    expect(((cuff?.deviceAt ?? 0) - START) % 1_000).toBe(0)
    expect((cuff?.deviceAt ?? 0) - START).toBeLessThan(61_000)
  })
})
