/** Both directions of a device's conversation with its own driver, as one would record them on the wire. */

import { createBedside } from '../../simulators/monitors/bedside.ts'
import type { SimulatedDevice } from '../../simulators/monitors/device.ts'
import { createMindrayPds } from '../../simulators/monitors/mindray-pds.ts'
import { intellivueOf, isSerialModel, serialModel } from '../../simulators/monitors/models.ts'
import type { Transport } from '../../simulators/monitors/plan.ts'
import { monoMs } from '../../src/domain/time.ts'
import { driverOf } from '../../src/drivers.ts'
import type { DriverSettings } from '../../src/seams.ts'

const START = Date.UTC(2026, 3, 1, 7)
const BEAT_MS = 50
const PATIENT = { mrn: 'DEMO-1', name: 'Ada Ash' }

export type Heard = { readonly atMs: number; readonly fromDevice: boolean; readonly bytes: Uint8Array }
export type Conversation = { readonly driver: string; readonly settings: DriverSettings; readonly pieces: readonly Heard[]; /** Values of the live conversation. */ readonly values: number; readonly waveforms: number }

const parts = { device: 'monitor-1', patient: PATIENT, startedAt: START, shown: (atMs: number) => atMs }

function deviceOf(model: string): { readonly device: SimulatedDevice; readonly driver: string; readonly settings: DriverSettings } {
  if (model === 'intellivue-lan') return { device: intellivueOf(parts, 'lan'), driver: 'philips-intellivue', settings: { framing: 'lan' } }
  if (model === 'pds') {
    const patient = { mrn: PATIENT.mrn, family: 'Ash', given: 'Ada' }
    return { device: createMindrayPds({ name: 'monitor-1', department: 'WARD', bed: 'bed-1', address: null, port: 1, patient }), driver: 'mindray-pds', settings: {} }
  }
  if (!isSerialModel(model)) throw new Error(`no model ${model}`)
  const { driver, speech, settings = {} } = serialModel(model)
  if (speech.kind === 'answers') return { device: speech.create(parts), driver, settings }
  const transport: Transport = { kind: 'serial', link: 'x', model }
  const bedside = createBedside(17, { bed: 'bed-1', device: 'monitor-1', scenario: 'stable', patient: PATIENT, transport }, START)
  let second = -1
  return {
    driver, settings: {},
    device: {
      hear: () => [],
      tick(moment, atMs) {
        if (moment.second === second) return []
        second = moment.second
        const { message } = bedside.next(atMs)
        return message === null ? [] : [message.bytes]
      },
    },
  }
}

/** The driver talks with its simulated device for so many seconds, each piece as it went over the wire. */
export function conversation(model: string, seconds: number): Conversation {
  const { device, driver, settings } = deviceOf(model)
  const session = driverOf(driver).open(settings)
  const patient = createBedside(17, { bed: 'bed-1', device: 'monitor-1', scenario: 'stable', patient: PATIENT, transport: { kind: 'intellivue', host: 'x', port: 1 } }, START)
  const pieces: Heard[] = []
  let values = 0
  let waveforms = 0
  let wakeAt: number | null = 0
  const take = (output: ReturnType<typeof session.wake>, atMs: number): void => {
    wakeAt = output.wakeAt
    const replies: Uint8Array[] = []
    for (const frame of output.frames) {
      if (frame.kind === 'good') {
        values += frame.readings.length
        waveforms += frame.waveforms.length
      }
      const reply = frame.kind === 'skipped' ? null : frame.reply?.({ kind: 'stored' })
      if (reply) replies.push(reply)
    }
    for (const bytes of [...output.send, ...replies]) {
      pieces.push({ atMs, fromDevice: false, bytes: bytes.slice() })
      for (const answer of device.hear(bytes, START + atMs)) hear(answer, atMs)
    }
  }
  const hear = (bytes: Uint8Array, atMs: number): void => {
    pieces.push({ atMs, fromDevice: true, bytes: bytes.slice() })
    take(session.receive(bytes, monoMs(atMs)), atMs)
  }
  let { moment } = patient.next(START)
  for (let atMs = 0; atMs < seconds * 1_000; atMs += BEAT_MS) {
    if (atMs > 0 && atMs % 1_000 === 0) moment = patient.next(START + atMs).moment
    for (const bytes of device.tick(moment, START + atMs)) hear(bytes, atMs)
    if (wakeAt !== null && atMs >= wakeAt) take(session.wake(monoMs(atMs)), atMs)
  }
  return { driver, settings, pieces, values, waveforms }
}
