/** One bed: a patient, the sensors on the patient, and the monitor that turns them into bytes. No wire, no clock. */

import { createPatient, type Moment } from '../patients/patient.ts'
import { hashOf } from '../patients/random.ts'
import { parseScenario } from '../patients/scenarios.ts'
import type { BedPlan, Transport } from './plan.ts'
import type { Composer } from './composer.ts'
import { type AlarmReporter, hl7AlarmReporter } from './hl7-alarms.ts'
import { type Hl7Sender, hl7Composer } from './hl7.ts'
import { serialModel } from './models.ts'
import { mqttComposer } from './mqtt-json.ts'
import { teleicuComposer } from './mqtt-teleicu.ts'
import type { Outgoing, Plug } from './wire.ts'

export type Tick = {
  readonly moment: Moment
  readonly plug: Plug
  /** What the monitor sends this second; null when it sends nothing, and always where it answers rather than talks. */
  readonly message: Outgoing | null
  /** The monitor's own alarms, where it tells them in messages of their own. */
  readonly alarms: readonly Outgoing[]
}

export interface Bedside {
  /** The next second. `wallMs` is the right time; the monitor's clock may know better, or worse. */
  next(wallMs: number): Tick
}

/** A monitor that does not know the time starts its calendar here. */
const FACTORY_TIME = Date.UTC(2013, 0, 1)

/** `startedAt`: wall time of second 0, in ms. @throws RangeError for a scenario that does not exist: a plan is checked before. */
export function createBedside(seed: number, plan: BedPlan, startedAt: number): Bedside {
  const scenario = parseScenario(plan.scenario)
  if (scenario === null) throw new RangeError(`no such scenario: ${plan.scenario}`)
  const patient = createPatient(seed, plan.bed, scenario)
  const talker = talkerOf(plan, startedAt)
  const phase = talker === null ? 0 : hashOf(plan.device) % talker.everySeconds
  let reporter = reporterOf(plan)
  let plug: Plug = 'plugged'
  let poweredAt = 0
  return {
    next(wallMs) {
      const moment = patient.next()
      const { second, insult } = moment
      const now: Plug = insult.power === 'off' ? 'dead' : insult.cable === 'pulled' ? 'pulled' : 'plugged'
      if (plug === 'dead' && now !== 'dead') {
        poweredAt = second
        talker?.composer.restart(second)
        reporter = reporterOf(plan)
      }
      if (plug === 'pulled' && now === 'plugged') talker?.composer.replug()
      plug = now
      if (talker === null || now === 'dead') return { moment, plug, message: null, alarms: [] }
      const deviceClock = insult.monitorClock === 'unset' ? FACTORY_TIME + (second - poweredAt) * 1_000 : wallMs
      const alarms = reporter?.report(moment, deviceClock) ?? []
      return { moment, plug, message: second % talker.everySeconds === phase ? talker.composer.compose(moment, deviceClock) : null, alarms }
    },
  }
}

/** The address of the monitor behind the adapter: each adapter has one monitor. */
const TELEICU_ADDRESS = '192.168.1.13'

const hl7SenderOf = ({ device, bed, patient }: Pick<BedPlan, 'device' | 'bed' | 'patient'>, { style }: Extract<Transport, { kind: 'hl7' }>): Hl7Sender => ({
  device, style: style ?? 'accept', patient, location: { unit: 'WARD', bed },
})

function reporterOf(plan: BedPlan): AlarmReporter | null {
  const { transport } = plan
  return transport.kind === 'hl7' && transport.alarms !== undefined ? hl7AlarmReporter(hl7SenderOf(plan, transport), transport.alarms) : null
}

/** What talks, and how often: oximeters print each second or two, monitors send every other. Null for what answers. */
function talkerOf({ device, bed, patient, transport }: BedPlan, startedAt: number): { readonly composer: Composer; readonly everySeconds: number } | null {
  switch (transport.kind) {
    case 'hl7':
      return { everySeconds: 2, composer: hl7Composer(hl7SenderOf({ device, bed, patient }, transport)) }
    case 'mqtt':
      return { everySeconds: 2, composer: transport.speaks === 'teleicu' ? teleicuComposer({ address: TELEICU_ADDRESS, patient, offsetMinutes: 0, seed: hashOf(device) }) : mqttComposer(startedAt, patient) }
    case 'serial': {
      const { speech } = serialModel(transport.model ?? 'radical-7')
      return speech.kind === 'talks' ? { everySeconds: speech.everySeconds, composer: speech.composer(device) } : null
    }
    case 'intellivue':
    case 'pds':
      return null
  }
}
