/** What a driver's own simulated device says, recorded in memory as it comes in: one stream a model, for benches and proves. */

import { createBedside } from '../../simulators/monitors/bedside.ts'
import type { Composer } from '../../simulators/monitors/composer.ts'
import type { SimulatedDevice } from '../../simulators/monitors/device.ts'
import { createMindrayPds } from '../../simulators/monitors/mindray-pds.ts'
import {
  type DeviceParts, type SerialModelName, intellivueOf, isSerialModel, personOf, SERIAL_MODEL_NAMES, serialModel,
} from '../../simulators/monitors/models.ts'
import { teleicuComposer } from '../../simulators/monitors/mqtt-teleicu.ts'
import type { BedPlan, Transport } from '../../simulators/monitors/plan.ts'
import { createPatient } from '../../simulators/patients/patient.ts'
import { parseScenario } from '../../simulators/patients/scenarios.ts'
import { monoMs } from '../../src/domain/time.ts'
import { DRIVERS, driverOf } from '../../src/drivers.ts'
import type { Driver, DriverSettings, Session, SessionOutput } from '../../src/seams.ts'

export const STREAM_START = Date.UTC(2026, 0, 1)

/** One piece as a link would bring it, whole messages as a rule. `atMs`: since the line opened. */
export type Spoken = { readonly atMs: number; readonly bytes: Uint8Array }
/** What happened to the session: a piece came, or it was woken (null). */
export type Happened = { readonly atMs: number; readonly bytes: Uint8Array | null }
export type DeviceStream = {
  readonly model: string
  readonly driver: Driver
  readonly settings: DriverSettings
  readonly seconds: number
  readonly spoken: readonly Spoken[]
  /** The same with its wakings: played to a fresh session, the same conversation. */
  readonly happened: readonly Happened[]
}

export type StreamSetting = { readonly seconds: number; readonly scenario?: string; readonly settings?: DriverSettings }
type Maker = { readonly model: string; readonly driver: string; /** What the driver must be told of it. */ readonly settings?: DriverSettings; readonly make: (setting: Required<StreamSetting>) => readonly Happened[] }

const PATIENT = { mrn: 'DEMO-1', name: 'Ada Ash' }
const BEAT_MS = 100
const mllp = (bytes: Uint8Array): Uint8Array => Buffer.concat([Buffer.from([0x0b]), bytes, Buffer.from([0x1c, 0x0d])])
const asItIs = (bytes: Uint8Array): Uint8Array => bytes

/** Of each driver, the model that says most comes first. */
const MAKERS: readonly Maker[] = [
  talker('oru', 'hl7', { kind: 'hl7', host: 'x', port: 1, style: 'accept' }, mllp),
  talker('module', 'mqtt-json', { kind: 'mqtt', url: 'x', username: 'x', password: 'x' }, asItIs),
  { model: 'gateway', driver: 'mqtt-teleicu', make: teleicuStream },
  ...(['nonin-format-7', ...SERIAL_MODEL_NAMES.filter((name) => name !== 'nonin-format-7')] as const).filter(isSerialModel).map(serialMaker),
  {
    model: 'intellivue-lan',
    driver: 'philips-intellivue',
    make(setting) {
      const settings = { ...setting.settings, framing: 'lan' }
      return conversed('philips-intellivue', (parts) => intellivueOf(parts, 'lan'), { ...setting, settings })
    },
  },
  { model: 'pds', driver: 'mindray-pds', make: (setting) => conversed('mindray-pds', mindrayOf, setting) },
]

export const modelsOf = (driver: string): readonly string[] => MAKERS.filter((maker) => maker.driver === driver).map(({ model }) => model)

/** @throws Error for a driver whose device nobody simulates: a bench or a prove that passes it over would be blind. */
export function streamOf(driver: string, model: string | null, { seconds, scenario = 'stable', settings: own = {} }: StreamSetting): DeviceStream {
  const maker = MAKERS.find((each) => each.driver === driver && (model === null || each.model === model))
  if (maker === undefined) throw new Error(`nobody simulates ${model ?? 'a device'} for ${driver}: add one to test/drivers/streams.ts`)
  const settings = { ...maker.settings, ...own }
  const happened = maker.make({ seconds, scenario, settings })
  const spoken = happened.flatMap(({ atMs, bytes }) => (bytes === null ? [] : [{ atMs, bytes }]))
  return { model: maker.model, driver: driverOf(driver), settings, seconds, happened, spoken }
}

/** Every driver of this build, by walking the list. */
export const DRIVER_IDS: readonly string[] = [...DRIVERS.keys()]

function talker(model: string, driver: string, transport: Transport, frame: (bytes: Uint8Array) => Uint8Array): Maker {
  return {
    model,
    driver,
    make({ seconds, scenario }) {
      const bedside = createBedside(17, { bed: 'bed-1', device: 'monitor-1', scenario, patient: PATIENT, transport }, STREAM_START)
      return Array.from({ length: seconds }, (_, second) => bedside.next(STREAM_START + second * 1_000)).flatMap(({ message }, second) =>
        message === null ? [] : [{ atMs: second * 1_000, bytes: frame(message.bytes) }],
      )
    },
  }
}

function serialMaker(model: SerialModelName): Maker {
  const { driver, speech, settings = {} } = serialModel(model)
  if (speech.kind === 'talks') return talker(model, driver, { kind: 'serial', link: 'x', model }, asItIs)
  return { model, driver, settings, make: (setting) => conversed(driver, speech.create, setting) }
}

/** Four seconds a post, as its public mock does it. */
const POST_EVERY_S = 4

function teleicuStream({ seconds, scenario }: Required<StreamSetting>): readonly Spoken[] {
  const read = parseScenario(scenario)
  if (read === null) throw new Error(`no scenario ${scenario}`)
  const patient = createPatient(17, 'bed-1', read)
  const composer: Composer = teleicuComposer({ address: '192.168.1.13', patient: PATIENT, offsetMinutes: 0, seed: 17 })
  const spoken: Spoken[] = []
  for (let second = 0; second < seconds; second++) {
    const moment = patient.next()
    if (second % POST_EVERY_S === 0) spoken.push({ atMs: second * 1_000, bytes: composer.compose(moment, STREAM_START + second * 1_000).bytes })
  }
  return spoken
}

function mindrayOf({ device, patient }: DeviceParts): SimulatedDevice {
  return createMindrayPds({ name: device, department: 'WARD', bed: 'bed-1', address: null, port: 1, patient: personOf(patient) })
}

/** The driver's own dialogue with the device; what the device said of it. The same at the same times, whenever it is played again. */
function conversed(driver: string, create: (parts: DeviceParts) => SimulatedDevice, setting: Required<StreamSetting>): readonly Happened[] {
  const { seconds, scenario, settings } = setting
  const plan: BedPlan = { bed: 'bed-1', device: 'monitor-1', scenario, patient: PATIENT, transport: { kind: 'intellivue', host: 'x', port: 1 } }
  const bedside = createBedside(17, plan, STREAM_START)
  const device = create({ device: 'monitor-1', patient: PATIENT, startedAt: STREAM_START, shown: (atMs) => atMs })
  const session: Session = driverOf(driver).open(settings)
  const happened: Happened[] = []
  let wakeAt: number | null = 0
  const toGateway = (messages: readonly Uint8Array[], atMs: number): void => {
    for (const bytes of messages) {
      happened.push({ atMs, bytes: bytes.slice() })
      take(session.receive(bytes, monoMs(atMs)), atMs)
    }
  }
  function take(output: SessionOutput, atMs: number): void {
    wakeAt = output.wakeAt
    const answers = output.frames.flatMap((frame) => (frame.kind === 'skipped' ? [] : [frame.reply?.({ kind: 'stored' })]))
    for (const bytes of [...output.send, ...answers]) if (bytes) toGateway(device.hear(bytes, STREAM_START + atMs), atMs)
  }
  let { moment } = bedside.next(STREAM_START)
  for (let atMs = 0; atMs < seconds * 1_000; atMs += BEAT_MS) {
    if (atMs > 0 && atMs % 1_000 === 0) moment = bedside.next(STREAM_START + atMs).moment
    toGateway(device.tick(moment, STREAM_START + atMs), atMs)
    if (wakeAt === null || atMs < wakeAt) continue
    happened.push({ atMs, bytes: null })
    take(session.wake(monoMs(atMs)), atMs)
  }
  return happened
}
